"""The typed messages between page and server; the browser's types are in ``web/lib/protocol.js``.

Each message is a frozen dataclass: ``parse`` validates what came once, ``to_dict`` gives what is sent.
:mod:`.frames` has what both viewers say, :mod:`.mixing` and :mod:`.adaptation` what their tabs add.
"""
