"""`python -m onthefly_studio` is the command `onthefly`."""

from onthefly_studio.cli import main

if __name__ == "__main__":
    main()
