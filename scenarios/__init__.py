"""Fields and runs by name, as TOML files: `treering simulate diamond`.

A package, so that the files are found in a clone, when installed and in the packaged app by the same means,
importlib.resources; and a folder at the top, so that people find, read and copy them.
"""
