"""``python -m dni``."""

from dni.cli import main

if __name__ == "__main__":
    main()
