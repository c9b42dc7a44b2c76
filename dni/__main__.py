"""``python -m dni``."""

from dni.cli.main import main

if __name__ == "__main__":
    main()
