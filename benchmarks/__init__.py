"""Side-by-side measurements; each module is a command that prints and saves its table."""

from dni.allocator import keep_freed_memory

keep_freed_memory()  # as the app and the command line do
