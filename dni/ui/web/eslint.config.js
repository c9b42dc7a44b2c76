// @ts-check
import js from '@eslint/js';
import globals from 'globals';

const HTML_REASON = "Text from people must not become markup: use 'textContent' or 'replaceChildren'.";

/** @type {import('eslint').Linter.Config[]} */
export default [
  { ignores: ['node_modules/'] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: 'module' },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-implicit-globals': 'error',
      'no-shadow': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: HTML_REASON },
        { property: 'outerHTML', message: HTML_REASON },
        { property: 'insertAdjacentHTML', message: HTML_REASON },
        { property: 'createContextualFragment', message: HTML_REASON },
        { property: 'parseFromString', message: HTML_REASON },
        { object: 'document', property: 'write', message: HTML_REASON },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'Program > VariableDeclaration[kind="let"]', message: 'State belongs to what mount() makes.' },
        {
          selector: 'Program > ExportNamedDeclaration > VariableDeclaration[kind="let"]',
          message: 'State belongs to what mount() makes.',
        },
      ],
      'max-lines': ['error', 330],
    },
  },
  { files: ['*/**/*.js'], ignores: ['test/**'], languageOptions: { globals: globals.browser } },
  { files: ['test/**', '*.js'], languageOptions: { globals: globals.node } },
];
