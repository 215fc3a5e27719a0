"""The C files of the project, and running a checker on a made-up tree."""
import pathlib
import tempfile

FOLDERS = ("crypto", "store", "proto", "node", "tools", "test")


def c_files(root):
    """Yields (path relative to root, text) of every C file, in order."""
    root = pathlib.Path(root)
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def faults_in(checker, files):
    """What checker(root) says about a tree made of {path: text}."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            file = pathlib.Path(root, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return checker(root)
