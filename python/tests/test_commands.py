"""The commands as functions, and as the console's."""

import json
import subprocess
import sys

import numpy as np
import pytest
from conftest import rows

import wakemill


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "wakemill", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        **options,
    )


def test_a_build_and_what_is_left_of_it(quickstart, tmp_path):
    events = []
    out = tmp_path / "out"
    dataset = wakemill.run(quickstart, set={"output": out}, on_event=events.append)
    assert dataset.built and dataset.path == out and dataset.splits == ["wake", "other"]
    assert dataset.features("wake").shape == (24, 16, 96)
    assert dataset.manifest["seed"] == 1
    kinds = [event["event"] for event in events]
    assert kinds[0] == "started" and kinds[-1] == "progress"
    assert events[0]["splits"] == {"wake": 12, "other": 12}
    assert (events[-1]["done"], events[-1]["planned"], events[-1]["rows"]) == (24, 24, 48)
    again = wakemill.run(quickstart, set={"output": out}, on_event=None)
    assert not again.built and again.manifest == dataset.manifest
    with pytest.raises(wakemill.UsageError, match="--overwrite"):
        wakemill.run(quickstart, set={"output": out, "seed": 2}, on_event=None)
    other = wakemill.run(quickstart, set=["seed=2", f"output={out}"], overwrite=True, on_event=None)
    assert other.built and (other.features("wake") != 0).any()
    with pytest.raises(wakemill.UsageError, match="no split 'x'; there are: wake, other"):
        other.features("x")
    with pytest.raises(wakemill.UsageError, match="there is no data set"):
        wakemill.Dataset(tmp_path)


def test_keys_are_a_configuration_too(quickstart, built, tmp_path):
    folder = quickstart.parent / "quickstart"
    config = {
        "seed": 1,
        "output": tmp_path / "out",
        "split": [
            {"name": "wake", "input": folder / "wake", "place": "end"},
            {"name": "other", "input": folder / "other", "place": "center"},
        ],
        "augment": {
            "rounds": np.int64(2),
            "backgrounds": (folder / "noise",),
            "rirs": [folder / "rooms"],
            "background": {"snr_db": [5, 15]},
            "preset": None,
        },
    }
    dataset = wakemill.run(config, on_event=None)
    for split in built.splits:
        assert (dataset.features(split) == built.features(split)).all()
    with pytest.raises(wakemill.UsageError, match="the configuration: .*did you mean 'augment.rounds'"):
        wakemill.plan({**config, "augment": {"round": 1}})
    with pytest.raises(wakemill.UsageError, match="has a object"):
        wakemill.plan({**config, "seed": object()})


@pytest.mark.parametrize("arguments", [
    ["--set", "seeed=1"],
    ["--set", "split.wake.input=nowhere"],
    ["--set", "augment.rounds=0"],
])
def test_errors_have_the_commands_texts(quickstart, arguments):
    run = command("run", quickstart, *arguments)
    assert run.returncode == 2
    with pytest.raises(wakemill.UsageError) as raised:
        wakemill.plan(quickstart, set=arguments[1])
    assert run.stderr.strip() == f"error: {raised.value}"
    assert isinstance(raised.value, wakemill.Error)


def test_what_the_callback_raises_is_raised(quickstart, tmp_path):
    def refuse(event):
        raise KeyError(event["event"])

    with pytest.raises(KeyError, match="started"):
        wakemill.run(quickstart, set={"output": tmp_path / "out"}, on_event=refuse)


def test_progress_is_lines_where_there_is_no_terminal(quickstart, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("wakemill._progress._PLAIN_EVERY", 0)
    config = {"output": tmp_path / "out"}
    wakemill.run(quickstart, set=config)
    said = capsys.readouterr().err
    lines = [line for line in said.splitlines() if "rows/s" in line]
    assert lines and "\r" not in said and "clips" in lines[0]


def test_a_plan_finds_the_inputs_and_builds_nothing(quickstart, tmp_path):
    plan = wakemill.plan(quickstart, set={"output": tmp_path / "out"})
    assert plan["seed"] == 1 and plan.clips == {"wake": 12, "other": 12}
    run = command("run", quickstart, "--dry-run", "--set", f"output={tmp_path}/out")
    assert str(plan).strip() == run.stdout.strip()
    assert not (tmp_path / "out").exists()


def test_rows_can_be_heard_and_their_features_found_again(quickstart, built):
    line = next(line for line in rows(built) if line["round"] == 1 and line["split"] == "other")
    samples = wakemill.render(quickstart, "other", line["clip"], 1)
    assert samples.dtype == np.int16 and samples.shape == (32000,)
    embeddings = wakemill.embed(samples)
    assert embeddings[-16:].tobytes() == built.features("other")[line["row"]].tobytes()
    decoded = wakemill.render(quickstart, "other", line["clip"], decoded=True)
    assert decoded.dtype == np.float32 and abs(decoded).max() <= 1
    with pytest.raises(wakemill.UsageError, match="no clip"):
        wakemill.render(quickstart, "other", "nothing")


def test_inspect_says_what_the_command_says(built):
    for path, options in ((built.path, ["--verify"]), (built.path / "wake.npy", [])):
        said = command("inspect", path, "--json", *options)
        assert wakemill.inspect(path, verify=bool(options)) == json.loads(said.stdout)
    with pytest.raises(wakemill.UsageError, match="verify is for"):
        wakemill.inspect(built.path / "wake.npy", verify=True)
    with pytest.raises(wakemill.UsageError):
        wakemill.inspect(built.path / "nothing.npy")


def test_eval_takes_what_names_a_model(quickstart, tmp_path):
    with pytest.raises(wakemill.UsageError, match="eval reads configurations of livekit-wakeword"):
        wakemill.eval(quickstart)


def test_the_console_has_the_programs_exit_codes():
    assert command("--version").stdout == f"wakemill {wakemill.__version__}\n"
    assert "Usage: wakemill" in command("--help").stdout
    for arguments in ([], ["fly"], ["run", "nowhere.toml"], ["run", "x.toml", "--progress", "loud"]):
        run = command(*arguments)
        assert run.returncode == 2 and run.stderr.strip(), arguments


def test_the_quickstart_is_written_once(tmp_path):
    assert command("init", "--quickstart", tmp_path / "a").returncode == 0
    again = command("init", "--quickstart", tmp_path / "a")
    assert again.returncode == 2 and "exists" in again.stderr
