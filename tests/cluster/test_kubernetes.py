"""The manifest of Kubernetes, against the published schema of its API."""

from pathlib import Path

from conftest import not_run

MANIFEST = Path(__file__).parents[2] / "pipelines/cluster/kubernetes.yaml"


def test_the_manifest_is_valid_and_its_numbers_agree():
    try:
        import kubernetes_validate
        import yaml
    except ImportError:
        not_run("there is no kubernetes-validate (pip install kubernetes-validate)")
    jobs = {job["metadata"]["labels"]["step"]: job for job in yaml.safe_load_all(MANIFEST.read_text())}
    assert list(jobs) == ["plan", "shards", "merge"]
    for version in ("1.29", kubernetes_validate.latest_version()):
        for job in jobs.values():
            kubernetes_validate.validate(job, version, strict=True)
    commands = {
        step: job["spec"]["template"]["spec"]["containers"][0]["command"] for step, job in jobs.items()
    }
    of = str(jobs["shards"]["spec"]["completions"])
    assert commands["plan"][-2:] == ["--shards", of]
    assert f"$(JOB_COMPLETION_INDEX)/{of}" in commands["shards"]
    assert jobs["shards"]["spec"]["completionMode"] == "Indexed"
    for job in jobs.values():
        spec = job["spec"]
        # What the API demands beside its schema.
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        name = spec["template"]["spec"]["containers"][0]["name"]
        codes = spec["podFailurePolicy"]["rules"][0]["onExitCodes"]
        assert codes["containerName"] == name and codes["values"] == [2]
        index = "backoffLimitPerIndex" in spec
        assert spec["podFailurePolicy"]["rules"][0]["action"] == ("FailIndex" if index else "FailJob")
