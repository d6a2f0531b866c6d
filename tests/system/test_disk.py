# SPDX-License-Identifier: ISC
"""A state directory on a disk that is small, and full."""
import os
import subprocess

import pytest
from pki import document


@pytest.fixture
def small_disk(make_device):
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    device = make_device()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", device.state],
                           capture_output=True, text=True)
    if mount.returncode != 0:
        pytest.skip(f"a tmpfs cannot be mounted: {mount.stderr.strip()}")
    yield device
    device.stop_agent()
    subprocess.run(["umount", device.state], check=True)


def test_old_generations_make_room(small_disk, pki):
    """Commits go on; what cannot be kept any more is the oldest, never what is in force."""
    small_disk.start_agent()
    for _ in range(18):
        leaf = pki.leaf()
        small_disk.import_document(document(leaf.chain, leaf.key), "--commit")
    kept = sorted(int(path.name) for path in (small_disk.state / "generations").iterdir()
                  if path.name.isdigit())
    assert kept[-1] == small_disk.generation()
    assert len(kept) < 16
    small_disk.cli("rollback")
    assert "is not kept any more" in small_disk.agent.text()


def test_a_full_disk_refuses_and_loses_nothing(small_disk, pki):
    small_disk.start_agent()
    leaf = pki.leaf()
    small_disk.import_document(document(leaf.chain, leaf.key), "--commit")
    before = small_disk.generation()
    filler = small_disk.state / "filler"
    with pytest.raises(OSError), filler.open("wb") as file:
        while True:
            file.write(b"\0" * 4096)
            file.flush()
    other = pki.leaf()
    result = small_disk.import_document(document(other.chain, other.key), "--commit", check=False)
    # refused, or put back when only the counters found no room
    assert result.returncode in (1, 5), result.stdout + result.stderr
    assert "No space left" in result.stderr
    assert small_disk.generation() == before
    filler.unlink()
    small_disk.import_document(document(other.chain, other.key), "--commit")
    assert small_disk.generation() > before
