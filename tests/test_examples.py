"""The examples are what schedulers read, and their commands do the work: each is run here as its scheduler would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import object_store
import pytest
from object_store import client, environment, objects, put, tiny_photos

from untone import cli

HERE = Path(__file__).parents[1]
EXAMPLES = HERE / "examples"
PHOTOS = tiny_photos(6)

pytest.importorskip("obstore", reason="no obstore; the extra cloud brings it")
pytest.importorskip("moto", reason="no moto; the extra dev brings it")
yaml = pytest.importorskip("yaml", reason="no PyYAML; the extra dev brings it")


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"e-{abs(hash(request.node.nodeid)):x}"
    client(s3_url).create_bucket(Bucket=name)
    put(s3_url, name, PHOTOS)
    for key, value in environment(s3_url).items():
        monkeypatch.setenv(key, value)
    return name


def _whole(s3_url: str, bucket: str) -> bool:
    made = {f"out/{name.replace('.jpg', '.hdr.jpg')}" for name in PHOTOS}
    return set(objects(s3_url, bucket, "out/")) == made


def _named(words: list[str], bucket: str, **known: str) -> list[str]:
    """A command of an example, with the bucket of the test and what the scheduler puts in."""
    for key, value in {
        "s3://bucket/photos/": f"s3://{bucket}/in/",
        "s3://bucket/hdr/": f"s3://{bucket}/out/",
        "s3://bucket/claims/": f"s3://{bucket}/claims/",
        **known,
    }.items():
        words = [word.replace(key, value) for word in words]
    return words


def _script(name: str, url: str, bucket: str, **more: str) -> None:
    places = {"PHOTOS": f"s3://{bucket}/in/", "HDR": f"s3://{bucket}/out/", "UNTONE": f"{sys.executable} -m untone"}
    environ = environment(url) | places | {"PYTHONPATH": str(object_store.SOURCE), "PATH": "/usr/bin:/bin"} | more
    if name == "slurm-array.sh":  # exec takes one word as the program
        text = (EXAMPLES / name).read_text().replace('"${UNTONE:-untone}"', "$UNTONE")
        subprocess.run(["sh", "-c", text], env=environ, check=True, capture_output=True, timeout=300)
    else:
        subprocess.run(["sh", str(EXAMPLES / name)], env=environ, check=True, capture_output=True, timeout=300)


def test_the_tasks_of_a_slurm_array_do_all_of_it(s3_url: str, bucket: str) -> None:
    directives = [line for line in (EXAMPLES / "slurm-array.sh").read_text().splitlines() if line.startswith("#SBATCH")]
    assert "#SBATCH --array=0-15" in directives
    for index in range(2):
        _script("slurm-array.sh", s3_url, bucket, SLURM_ARRAY_TASK_ID=str(index), SLURM_ARRAY_TASK_COUNT="2")
    assert _whole(s3_url, bucket)


def test_the_pods_of_an_indexed_job_do_all_of_it(s3_url: str, bucket: str) -> None:
    job: dict[str, Any] = yaml.safe_load((EXAMPLES / "kubernetes-job.yaml").read_text())
    assert (job["apiVersion"], job["kind"], job["spec"]["completionMode"]) == ("batch/v1", "Job", "Indexed")
    pod = job["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"  # as backoffLimitPerIndex and podFailurePolicy ask
    assert pod["securityContext"]["runAsNonRoot"]
    count = job["spec"]["completions"]
    words = pod["containers"][0]["args"]
    assert f"$(JOB_COMPLETION_INDEX)/{count}" in words
    for index in range(count):
        assert cli.main([*_named(words, bucket, **{"$(JOB_COMPLETION_INDEX)": str(index)}), "-q"]) == 0
    assert _whole(s3_url, bucket)


def test_the_workers_of_a_batch_array_do_all_of_it(s3_url: str, bucket: str) -> None:
    definition = json.loads((EXAMPLES / "aws-batch-array.json").read_text())
    assert definition["type"] == "container"
    parameters = {f"Ref::{name}": value for name, value in definition["parameters"].items()}
    words = [parameters.get(word, word) for word in definition["containerProperties"]["command"]]
    for _ in range(2):
        assert cli.main([*_named(words, bucket), "-q"]) == 0
    assert _whole(s3_url, bucket)
    assert not objects(s3_url, bucket, "claims/")


@pytest.mark.slow
def test_the_ray_job_does_all_of_it(s3_url: str, bucket: str) -> None:
    pytest.importorskip("ray", reason="no Ray; the extra ray brings it")
    _script("ray-job.sh", s3_url, bucket)
    assert _whole(s3_url, bucket)


def test_the_container_is_slim_and_not_root() -> None:
    lines = (HERE / "Dockerfile").read_text().splitlines()
    stages = [line for line in lines if line.startswith("FROM")]
    assert all("-slim" in stage for stage in stages)
    last = lines[lines.index(stages[-1]) :]
    user = next(line for line in last if line.startswith("USER"))
    assert int(user.removeprefix("USER ")) > 0  # a number: runAsNonRoot of kubernetes-job.yaml refuses names
    assert any(line.startswith("RUN useradd") and user.removeprefix("USER ") in line for line in last)
    assert last.index(user) < last.index('ENTRYPOINT ["untone"]')
    assert "[cloud]" in "".join(lines)


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.sh")))
def test_scripts_are_shell(name: str) -> None:
    subprocess.run(["sh", "-n", str(EXAMPLES / name)], check=True)
