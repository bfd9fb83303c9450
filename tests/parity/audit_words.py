"""Wake words among negatives for audit_faults.py, in clips and in long recordings, and the
classifier that is to find them: trained on other voices and recordings than either half has."""

import concurrent.futures as cf

import numpy as np
import soundfile as sf
from audit_clips import LONG, PITCHES, RATE, WORDS, record, recordings, speak
from audit_plant import room
from train_classifiers import export, layers, network

WORD = "hey livekit"
VOICES = ["en-us+f3", "en-us+f4", "en-us+m5", "en-us+m6", "en-us+m7", "en-us-nyc", "en-gb+f1", "en-gb+m1",
          "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-scotland+f5"]
NEAR = ["hey", "livekit", "hey live", "hey libby", "hey kitty", "play kit", "they live it", "hey local"]
PLACES = {"said_end": "end", "said_center": "center", "other_end": "end", "other_center": "center"}
# From one row of a recording to the next: in one of them a word is as it was learnt.
HOP = 0.24
SECONDS = 240


def train(bench):
    """Builds features of the word and of other speech, and writes the classifier."""
    folder, rng = bench.work / "classifier", bench.rng
    jobs = []
    for split in PLACES:
        (folder / split).mkdir(parents=True)
        said = split.startswith("said")
        for index in range(450 if said else 1300):
            near = not said and index % 4 == 0
            text = WORD if said else rng.choice(NEAR) if near else " ".join(rng.sample(WORDS, rng.randint(1, 5)))
            jobs.append((folder / split / f"{index:04d}.wav", text, rng.choice(VOICES), rng.randint(105, 225),
                         rng.choice(PITCHES), rng.choice(("dither", "zeros", "gate"))))
    with cf.ThreadPoolExecutor(2) as pool:
        list(pool.map(speak, jobs))
    sounds(folder, rng)
    (folder / "long").mkdir()
    others = sorted([*(folder / "other_end").iterdir(), *(folder / "other_center").iterdir()])
    for index in range(6):
        flow(bench, folder / f"long/{index}.flac", others, [])
    for index, source in enumerate(recordings(LONG, 1 << 20)):
        record((source, folder / f"long/recorded{index}.wav"))
    bench.build(folder, splits((name, name, place) for name, place in PLACES.items()) + FLOW + AUGMENT + "rounds = 3\n")
    rows = {name: np.load(folder / f"out/{name}.npy").astype(np.float32) for name in (*PLACES, "long")}
    x = np.concatenate(list(rows.values()))
    y = np.concatenate([np.full(len(of), name.startswith("said")) for name, of in rows.items()])
    nodes, constants = layers(*network(x.reshape(len(x), -1), y))
    export(folder / "word.onnx", ["batch", 16, 96], nodes, constants)
    return folder / "word.onnx"


FLOW = f"[[split]]\nname = 'long'\ninput = 'long'\nkind = 'recordings'\nhop_seconds = {HOP}\n"
AUGMENT = "[augment]\nbackgrounds = 'backgrounds'\nrirs = 'rooms'\nround_from = 'clip'\n"


def splits(of):
    return "".join(f"[[split]]\nname = '{name}'\ninput = '{folder}'\nplace = '{place}'\n" for name, folder, place in of)


def sounds(folder, rng):
    noise = np.random.default_rng(rng.randrange(1 << 30))
    for name in ("backgrounds", "rooms"):
        (folder / name).mkdir()
    for index in range(12):
        sf.write(folder / f"backgrounds/noise{index}.wav", 0.1 * noise.standard_normal(RATE * 5), RATE)
        sf.write(folder / f"rooms/room{index}.wav", room(0.15 + 0.05 * index, noise), RATE)


def judge(bench, clips, classifier, count):
    said = {path for of in clips.values() for path in of if bench.word in path.name}
    others = [path for split, of in clips.items() if split.startswith("negative") for path in of]
    said = bench.rng.sample(sorted(said), 6 * count)
    audit = f"[audit]\nclassifier = '{classifier}'\nhard = 100\n"
    in_clips(bench, said[: 3 * count], bench.rng.sample(others, min(len(others), 100 * count)), audit)
    in_recordings(bench, said[3 * count:], others, audit)


def in_clips(bench, said, others, audit):
    """Clips of the word in a negative split, augmented."""
    folder, tally = bench.work / "words", bench.tally
    folder.mkdir()
    (folder / "negative.txt").write_text("".join(f"{path}\n" for path in sorted([*said, *others])))
    sounds(folder, bench.rng)
    lines, rows = bench.build(folder, splits([("negative", "negative.txt", "end")]) + AUGMENT + audit)
    found = {line["clip"]: line for line in lines if line["check"] == "holds_word"}
    for path in said:
        tally.fault("holds_word", "the word in a negative clip", str(path) in found, path)
    for name, line in found.items():
        if name not in {str(path) for path in said}:
            tally.false_finding("scored rows", line)
    tally.not_planted("scored rows", len(rows) - len(said))


def flow(bench, path, others, said):
    """Minutes of other speech in a quiet room, with the word here and there: from where to where, in seconds."""
    rng, at, parts, places = bench.rng, 0, [], []
    # Behind the last word as well.
    for word, moment in zip([*said, None], np.linspace(0, SECONDS, len(said) + 2)[1:]):
        while at < moment * RATE:
            parts += [sf.read(rng.choice(others))[0], np.zeros(rng.randrange(RATE // 4, RATE))]
            at += len(parts[-1]) + len(parts[-2])
        if word:
            parts += [sf.read(word)[0], np.zeros(RATE // 2)]
            places.append((at / RATE, (at + len(parts[-2])) / RATE))
            at += len(parts[-1]) + len(parts[-2])
    noise = np.random.default_rng(rng.randrange(1 << 30))
    sf.write(path, np.concatenate(parts) + 3e-4 * noise.standard_normal(at), RATE, subtype="PCM_16")
    return places


def in_recordings(bench, said, others, audit):
    """The word within minutes of other speech."""
    folder, tally = bench.work / "words_long", bench.tally
    (folder / "long").mkdir(parents=True)
    planted = {f"{index}.flac": flow(bench, folder / f"long/{index}.flac", others, said[index::2]) for index in range(2)}
    text = f"{FLOW}[augment]\nenabled = false\n{audit}"
    lines, _ = bench.build(folder, text)
    heard = {name: [line["round"] * HOP for line in lines if line["clip"] == name and line["check"] == "holds_word"]
             for name in planted}
    rows = {line["recording"]: line["rows"] for line in bench.lines(folder, "recordings.jsonl")}

    def hears(start, word):
        return start < word[1] and word[0] < start + 2

    for name, words in planted.items():
        for word in words:
            tally.fault("holds_word", "the word in a recording", any(hears(start, word) for start in heard[name]), word)
        for start in heard[name]:
            if not any(hears(start, word) for word in words):
                tally.false_finding("scored rows", {"check": "holds_word", "clip": name, "at": start})
        touched = sum(any(hears(row * HOP, word) for word in words) for row in range(rows[name]))
        tally.not_planted("scored rows", rows[name] - touched)
