#!/usr/bin/env bash
# Makes the clips, noises and rooms of the quickstart data set beside this
# script. Needs espeak-ng and ffmpeg (with libmp3lame and libvorbis).
#
# The files are committed, so nobody has to run this; it documents where they
# come from. Every format, rate and channel count that matters occurs once.
set -euo pipefail
cd "$(dirname "$0")"

scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
rm -rf wake other noise rooms
mkdir wake other noise rooms

# encode INPUT OUTPUT [OPTION...]: with nothing in the file that varies by run.
encode() {
    local input=$1 output=$2
    shift 2
    ffmpeg -nostdin -loglevel error -y -i "$input" -map_metadata -1 \
        -fflags +bitexact -flags:a +bitexact "$@" "$output"
}

# speak OUTPUT VOICE SPEED PITCH TEXT [OPTION...]
speak() {
    local output=$1 voice=$2 speed=$3 pitch=$4 text=$5
    shift 5
    espeak-ng -v "$voice" -s "$speed" -p "$pitch" -a 140 -w "$scratch/speech.wav" "$text"
    encode "$scratch/speech.wav" "$output" "$@"
}

# sound OUTPUT SOURCE [OPTION...]: from one of ffmpeg's generators.
sound() {
    local output=$1 source=$2
    shift 2
    ffmpeg -nostdin -loglevel error -y -f lavfi -i "$source" \
        -fflags +bitexact -flags:a +bitexact "$@" "$output"
}

phrase="hey miller"
speak wake/01_male_uk.wav        en-gb             150 45 "$phrase" -ar 16000
speak wake/02_male_us.wav        en-us             165 40 "$phrase"
speak wake/03_female_us.wav      en-us+f2          155 60 "$phrase" -ar 44100 -ac 2
speak wake/04_scotland.wav       en-gb-scotland    150 50 "$phrase" -ar 24000 -c:a pcm_s24le
speak wake/05_caribbean.flac     en-029            160 45 "$phrase" -ar 16000
speak wake/06_female_uk.flac     en-gb+f4          170 65 "$phrase" -ar 48000 -ac 2
speak wake/07_new_york.mp3       en-us-nyc         175 42 "$phrase" -b:a 64k
speak wake/08_female_lancs.mp3   en-gb-x-gbclan+f3 145 58 "$phrase" -ar 44100 -ac 2 -b:a 128k
speak wake/09_west_midlands.ogg  en-gb-x-gbcwmd    160 48 "$phrase" -c:a libvorbis -q:a 4
speak wake/10_female_rp.m4a      en-gb-x-rp+f1     150 55 "$phrase" -c:a aac -b:a 64k
speak wake/11_low_us.aiff        en-us+m7          140 20 "$phrase" -ar 16000
speak wake/12_fast_us.wav        en-us+f5          200 70 "$phrase" -ar 32000 -c:a pcm_f32le

speak other/01_mulder.wav        en-gb             150 50 "hey mulder" -ar 16000
speak other/02_millie.wav        en-us+f3          160 60 "hey millie" -ar 8000 -c:a pcm_u8
speak other/03_filler.wav        en-gb-scotland    155 45 "a filler"
speak other/04_mother.wav        en-us             150 40 "hey mother" -ar 48000 -ac 2 -c:a pcm_s16le
speak other/05_middle.flac       en-029+f2         165 55 "in the middle"
speak other/06_thriller.flac     en-gb+f4          150 62 "hey, a thriller" -ar 16000
speak other/07_they_mill.mp3     en-us-nyc         170 45 "they mill it" -ar 16000 -b:a 48k
speak other/08_pillow.ogg        en-gb-x-rp        150 50 "grey pillow" -ar 44100 -ac 2 -c:a libvorbis -q:a 3
speak other/09_miller_time.ogg   en-gb-x-gbclan    160 42 "mill a time" -c:a libvorbis -q:a 4
speak other/10_hey_bill.m4a      en-us+f1          155 58 "hey bill" -ar 44100 -c:a aac -b:a 64k
speak other/11_taylor.aiff       en-gb-x-gbcwmd    150 47 "hey taylor" -ar 22050 -c:a pcm_s24be
speak other/12_weather.wav       en-us+m3          175 35 "how is the weather" -ar 16000

# Four voices at once, a hum of the mains, a fan, and rain.
texts=(
    "The kettle is on, the bread is cut, and nobody has seen the butter since Tuesday."
    "Turn left at the bridge, go past the old station, and park wherever you find a place."
    "She said that the meeting moves to four, unless the train is late again."
    "Two of the windows were open all night, and the cat slept on the keyboard."
)
voices=(en-gb en-us+f3 en-gb-scotland en-029+f2)
for i in "${!texts[@]}"; do
    espeak-ng -v "${voices[$i]}" -s 165 -w "$scratch/babble$i.wav" "${texts[$i]}"
done
ffmpeg -nostdin -loglevel error -y -i "$scratch/babble0.wav" -i "$scratch/babble1.wav" \
    -i "$scratch/babble2.wav" -i "$scratch/babble3.wav" \
    -filter_complex "amix=inputs=4:duration=shortest" -ar 16000 "$scratch/babble.wav"
encode "$scratch/babble.wav" noise/babble.ogg -c:a libvorbis -q:a 3
sound noise/hum.flac "aevalsrc=0.2*sin(2*PI*50*t)+0.1*sin(2*PI*150*t+1)+0.05*sin(2*PI*250*t+2):s=16000:d=5"
sound noise/fan.ogg "anoisesrc=color=brown:seed=1:amplitude=0.5:r=22050:d=8" -c:a libvorbis -q:a 2
sound noise/rain.flac "anoisesrc=color=pink:seed=2:amplitude=0.3:r=16000:d=3"

# Rooms: a direct sound, two reflections, and noise that decays by 60 dB within
# the reverberation time T: exp(−6.91 t / T).
room() {
    local output=$1 time=$2 rate=$3
    shift 3
    sound "$output" "aevalsrc=if(eq(n\,0)\,0.9\,0)+if(eq(n\,101)\,0.4\,0)+if(eq(n\,233)\,0.25\,0)+0.12*(2*random(0)-1)*exp(-6.91*t/$time)*gt(n\,60):s=$rate:d=$time" "$@"
}
room rooms/bathroom.wav 0.5 16000
room rooms/car.flac     0.1 16000
room rooms/living.wav   0.3 44100 -ac 2
room rooms/hall.flac    1.2 16000
