# build, test, demo, install, bench: see README.md
