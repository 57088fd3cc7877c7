#!/bin/sh
# On a Ray cluster whose nodes have 'untone[cloud,ray]': sh examples/ray-job.sh
# Within a Ray job, --ray without an address joins the cluster that the job runs on; without RAY, it begins one here.
set -e
work="${UNTONE:-untone} ${PHOTOS:-s3://bucket/photos/} -R -o ${HDR:-s3://bucket/hdr/} --ray"
if [ -n "$RAY" ]; then
    exec ray job submit --address "$RAY" -- $work
fi
exec $work
