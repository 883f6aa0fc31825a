"""`python -m podium`: the command line, where its script is not on the path."""

from podium.cli.main import main

raise SystemExit(main())
