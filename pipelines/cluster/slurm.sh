#!/usr/bin/env bash
# A build on Slurm, in N shards of which at most PARALLEL run at once:
#
#     slurm.sh FILE N [PARALLEL]
#
# FILE, its clips, sounds and output must be at the same paths on all nodes.
# SBATCH_OPTIONS is passed on to every sbatch: partition, account, time limit,
# --cpus-per-task (wakemill uses the CPUs that Slurm gives a task), --constraint to
# keep to one kind of processor. WAKEMILL is the command.
#
# What is whole is left alone: after a failure the same line again builds the rest.
set -euo pipefail

file=$(realpath "$1") n=$2 parallel=${3:-1000}
wakemill=${WAKEMILL:-wakemill}
read -ra options <<<"${SBATCH_OPTIONS:-}"

# Once, before all: every shard reads its part of this.
"$wakemill" plan "$file" --shards "$n"

# Slurm limits the index of an array (MaxArraySize, 1001 unless set): beyond it,
# several arrays, each with an offset.
limit=$(scontrol show config | awk '$1 == "MaxArraySize" {print $3}')
limit=${limit:-1001}
jobs=()
for ((first = 0; first < n; first += limit)); do
    count=$((n - first < limit ? n - first : limit))
    # A task that is preempted or reaches its time limit gets SIGTERM a minute
    # before: exec makes wakemill the process that the signal reaches, and it keeps
    # what it has. --requeue brings back tasks of nodes that fail.
    jobs+=("$(sbatch --parsable --job-name=wakemill --requeue --signal=B:TERM@60 \
        "--array=0-$((count - 1))%$parallel" "${options[@]}" <<SCRIPT
#!/usr/bin/env bash
exec "$wakemill" run "$file" --shard \$((SLURM_ARRAY_TASK_ID + $first))/$n --progress plain
SCRIPT
    )")
done

# afterany: with afterok it would wait for ever after one failure. merge itself says
# which shards are not whole: 'run again: 2,5-6' is what sbatch --array takes.
sbatch --parsable --job-name=wakemill-merge \
    "--dependency=afterany$(printf ':%s' "${jobs[@]}")" "${options[@]}" <<SCRIPT
#!/usr/bin/env bash
exec "$wakemill" merge "$file" --progress plain
SCRIPT
