"""The check-list says what is wrong with a release; versions come from one place; workflows name what is there."""

import gzip
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
from building import ROOT

import untone

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def a_wheel(folder, name="untone-{v}-cp311-cp311-manylinux_2_28_x86_64.whl", leave_out=(), more=(), version=None):
    version = version or untone.__version__
    info = f"untone-{version}.dist-info"
    contents = {
        "untone/__init__.py": "", "untone/kernels/_native.so": "x", f"{info}/METADATA": f"Version: {version}\n",
        f"{info}/licenses/LICENSE": "", f"{info}/licenses/NOTICE": (ROOT / "NOTICE").read_text(),
    }  # fmt: skip
    path = folder / name.format(v=version)
    with zipfile.ZipFile(path, "w") as archive:
        for file in [*(f for f in contents if not f.endswith(tuple(leave_out) or "\0")), *more]:
            archive.writestr(zipfile.ZipInfo(file), contents.get(file, "x"))
    return path


def test_a_good_wheel_passes(tmp_path):
    import release_check

    assert list(release_check.wheel_faults(a_wheel(tmp_path))) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"leave_out": ["NOTICE"]}, "without NOTICE"),
        ({"leave_out": ["_native.so"]}, "compiled kernels: none"),
        ({"more": ["untone/kernels/native/module.cpp"]}, "module.cpp"),
        ({"version": "9.9.9"}, "9.9.9"),
        ({"more": ["untone.libs/libgomp.so"]}, "libgomp.so of others"),
        ({"leave_out": ["METADATA"]}, "version None"),
        ({"name": "untone-{v}-cp311-cp311-linux_x86_64.whl"}, "auditwheel"),
    ],
)
def test_each_fault_is_found(tmp_path, changed, fault):
    import release_check

    assert fault in "; ".join(release_check.wheel_faults(a_wheel(tmp_path, **changed)))


@pytest.mark.parametrize("kept", [0, 40, 400])
def test_damaged_files_are_faults_of_one_line(tmp_path, capsys, monkeypatch, kept):
    import release_check

    whole = a_wheel(tmp_path).read_bytes()
    next(tmp_path.glob("*.whl")).write_bytes(whole[:kept])
    (tmp_path / f"untone-{untone.__version__}.tar.gz").write_bytes(gzip.compress(whole)[:kept])
    monkeypatch.setattr("sys.argv", ["release_check.py", str(tmp_path)])
    assert release_check.main() == 1
    said = capsys.readouterr().out.splitlines()
    assert sum("damaged" in line for line in said) == 2
    assert len(said) == 4  # two files, two faults


def test_a_changed_byte_is_found(tmp_path):
    import release_check

    wheel = a_wheel(tmp_path)
    whole = wheel.read_bytes()
    wheel.write_bytes(whole.replace(b"Version: ", b"Version; ", 1))
    assert "checksum" in "; ".join(release_check.wheel_faults(wheel))


def test_a_folder_that_is_not_there_is_named(capsys, monkeypatch):
    import release_check

    monkeypatch.setattr("sys.argv", ["release_check.py", "nowhere"])
    assert release_check.main() == 1
    assert capsys.readouterr().out == "nowhere: no such folder\n"


def test_large_wheels_and_missing_platforms_are_found(tmp_path, monkeypatch):
    import release_check

    wheel = a_wheel(tmp_path)
    monkeypatch.setattr(release_check, "MOST_BYTES", 100)
    assert "more than" in next(release_check.wheel_faults(wheel))
    missing = list(release_check.platform_faults([wheel]))
    assert len(missing) == 11
    assert "no wheel cp312-abi3 for win_arm64" in missing


def test_the_version_is_said_once():
    import release_check

    assert "version" in PROJECT["project"]["dynamic"]
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["scikit-build"]["metadata"]["version"]["input"] == "src/untone/__init__.py"
    assert release_check.version() == untone.__version__
    assert "the release of v0" not in "; ".join(release_check.tree_faults(None))
    assert next(release_check.tree_faults("v99.0")).startswith("tag v99.0")


def test_what_is_compiled_into_wheels_is_in_the_notice():
    notice = (ROOT / "NOTICE").read_text()
    for part in ("nanobind", "robin-map", "Redistributions of source code", "MIT License"):
        assert part in notice


def test_the_workflow_builds_every_platform_and_names_what_is_there():
    workflow = (ROOT / ".github" / "workflows" / "wheels.yml").read_text()
    for system in (
        "ubuntu-24.04,",
        "ubuntu-24.04-arm",
        "macos-15,",
        "macos-15-intel",
        "windows-2025",
        "windows-11-arm",
    ):
        assert system in workflow
    for script in re.findall(r"scripts/\w+\.py", workflow):
        assert (ROOT / script).is_file()
    settings = PROJECT["tool"]["cibuildwheel"]
    assert settings["skip"] == ["*-musllinux_*"]
    sample = re.search(r"\{project\}/(\S+)", settings["test-command"])[1]
    assert Path(ROOT, sample).is_file()
