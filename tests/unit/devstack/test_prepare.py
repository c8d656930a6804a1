"""Preparing a machine once, and noticing when it has to be done again."""

import io
import sys
import tarfile
import threading
from pathlib import Path

import pytest

from devstack import interpreters, paths, prepare
from devstack.prepare import PreparationError


@pytest.fixture
def stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "STAMPS", tmp_path)
    return tmp_path


class TestOnce:
    def test_a_part_is_installed_once_and_again_when_its_requirements_change(
        self, stamps: Path
    ) -> None:
        requirements, result = stamps / "requirements.txt", stamps / "result"
        requirements.write_text("one==1")
        installed: list[str] = []

        def install() -> None:
            result.touch()
            installed.append(requirements.read_text())

        for _ in range(2):
            prepare._once("part", result, [requirements], install)
        requirements.write_text("one==2")
        prepare._once("part", result, [requirements], install)
        assert installed == ["one==1", "one==2"]

    def test_a_part_that_failed_or_was_removed_is_installed_again(self, stamps: Path) -> None:
        result = stamps / "result"

        def fail() -> None:
            result.touch()
            raise PreparationError("no network")

        with pytest.raises(PreparationError):
            prepare._once("part", result, ["1"], fail)
        prepare._once("part", result, ["1"], result.touch)
        result.unlink()
        prepare._once("part", result, ["1"], result.touch)
        assert result.exists()


class TestParts:
    @pytest.fixture(autouse=True)
    def _there_is_a_pip(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prepare, "installer", lambda: None)

    def test_parts_are_installed_beside_each_other(
        self, stamps: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        meeting = threading.Barrier(2, timeout=30)
        parts = {"sam": meeting.wait, "checkov": meeting.wait}
        monkeypatch.setattr(prepare, "PARTS", parts)
        prepare.prepare(*parts)
        assert not meeting.broken

    def test_one_that_fails_is_told_when_the_others_are_done(
        self, stamps: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        failed, done = threading.Event(), threading.Event()

        def fail() -> None:
            failed.set()
            raise PreparationError("no network")

        def last() -> None:
            assert failed.wait(30)
            done.set()

        monkeypatch.setattr(prepare, "PARTS", {"sam": fail, "checkov": last})
        with pytest.raises(PreparationError, match="no network"):
            prepare.prepare("sam", "checkov")
        assert done.is_set()


class TestUnpacking:
    def archive(self, folder: Path, **files: str) -> Path:
        path = folder / "package.tgz"
        with tarfile.open(path, "w:gz") as archive:
            for name, text in files.items():
                member = tarfile.TarInfo(name.replace("__", "/"))
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        return path

    def test_only_the_wanted_folder_is_unpacked(self, tmp_path: Path) -> None:
        archive = self.archive(tmp_path, package__emulator__jar="jar", package__other="no")
        prepare._unpack(archive, "package/emulator/", tmp_path / "target")
        assert [path.name for path in (tmp_path / "target").iterdir()] == ["jar"]

    def test_a_member_that_points_outside_is_refused(self, tmp_path: Path) -> None:
        archive = self.archive(tmp_path, **{"package__emulator__..__..__escaped": "no"})
        with pytest.raises(PreparationError, match="outside"):
            prepare._unpack(archive, "package/emulator/", tmp_path / "target")
        assert not (tmp_path / "escaped").exists()


class TestInterpreters:
    @pytest.fixture
    def only_on_path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(interpreters, "_ELSEWHERE", ())
        monkeypatch.setattr(interpreters, "deployed_version", lambda: "3.99")
        interpreters.for_local_stack.cache_clear()
        return tmp_path

    @pytest.fixture(autouse=True)
    def forget(self) -> None:
        interpreters.for_local_stack.cache_clear()

    def put(self, folder: Path, script: str) -> None:
        program = folder / "python3.99"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)

    def test_the_deployed_version_is_used_where_the_machine_has_it(
        self, only_on_path: Path
    ) -> None:
        self.put(only_on_path, "echo 3.99; echo /opt/python/bin/python3.99")
        found = interpreters.for_local_stack()
        assert (found.version, str(found.path)) == ("3.99", "/opt/python/bin/python3.99")

    @pytest.mark.parametrize("script", ["exit 127", f'exec {sys.executable} "$@"'])
    def test_a_shim_that_starts_nothing_or_another_version_is_passed_over(
        self, only_on_path: Path, script: str
    ) -> None:
        self.put(only_on_path, script)
        assert interpreters.for_local_stack() == interpreters.running()

    def test_without_one_the_running_python_serves(self, only_on_path: Path) -> None:
        assert list(only_on_path.iterdir()) == []
        assert interpreters.for_local_stack() == interpreters.running()

    def test_the_template_says_what_is_deployed(self) -> None:
        assert interpreters.deployed_version() == "3.13"
