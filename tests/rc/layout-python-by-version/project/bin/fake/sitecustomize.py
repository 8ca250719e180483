import platform, sys
platform.python_version = lambda: "3.12.7"
platform.python_version_tuple = lambda: ("3", "12", "7")
sys.version = "3.12.7 (main)"
sys.version_info = (3, 12, 7, "final", 0)
