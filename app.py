"""The entry of the Hugging Face Space, and of ``python app.py``."""

import os
import sys

if os.environ.get("SPACES_ZERO_GPU"):
    import spaces  # noqa: F401 - ZeroGPU wants to be imported before torch

from dni.device import keep_freed_memory
from dni.temporary import exit_on_sigterm
from dni.ui import build_app, keep_uploads_private, launch_options

if __name__ == "__main__" and sys.argv[1:]:
    from dni.cli.main import main

    sys.argv.insert(1, "serve")  # whose options these are, --help among them
    main()
    sys.exit()

keep_freed_memory()
exit_on_sigterm()
keep_uploads_private()
demo = build_app()

if __name__ == "__main__":
    demo.launch(**launch_options())
