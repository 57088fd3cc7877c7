#!/bin/sh
# A Slurm array of 16 workers: sbatch examples/slurm-array.sh
# Each takes the share of its number; one that failed is run again by itself: sbatch --array=3 examples/slurm-array.sh
#SBATCH --job-name=untone
#SBATCH --array=0-15
#SBATCH --cpus-per-task=2
#SBATCH --mem=6G
#SBATCH --time=12:00:00
exec "${UNTONE:-untone}" "${PHOTOS:-s3://bucket/photos/}" -R -o "${HDR:-s3://bucket/hdr/}" \
    --shard "${SLURM_ARRAY_TASK_ID}/${SLURM_ARRAY_TASK_COUNT}"
