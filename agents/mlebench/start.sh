#!/bin/bash
# Podium in MLE-bench's container. The harness calls it as user `nonroot`, with the config's kwargs as arguments, which are
# arguments of `podium run`. What it reads: /home/data, /home/instructions.txt. What it writes: submission, logs, code.
set -u
set -m # job control: without it bash has what runs in the background ignore SIGINT, and podium would not stop

HOME_DIR=${HOME_DIR:-/home}
DATA_DIR=${DATA_DIR:-$HOME_DIR/data}
SUBMISSION_DIR=${SUBMISSION_DIR:-$HOME_DIR/submission}
LOGS_DIR=${LOGS_DIR:-$HOME_DIR/logs}
CODE_DIR=${CODE_DIR:-$HOME_DIR/code}
AGENT_DIR=${AGENT_DIR:-$HOME_DIR/agent}
PODIUM=${PODIUM:-$AGENT_DIR/venv/bin/podium}
COMPETITION_ID=${COMPETITION_ID:?the harness names the competition}
TIME_LIMIT_SECS=${TIME_LIMIT_SECS:-86400}
MARGIN_SECS=${MARGIN_SECS:-$((TIME_LIMIT_SECS / 50 + 10))} # for the end of the campaign, the copies below and the validation

CAMPAIGN=$AGENT_DIR/campaign
export PODIUM_HOME= # each competition by itself: no learnings from another one
mkdir -p "$SUBMISSION_DIR" "$LOGS_DIR" "$CODE_DIR" "$AGENT_DIR"

# the submission so far, in place at all times: a harness that ends us early still finds one
publish() {
  if [ -f "$CAMPAIGN/submission.csv" ]; then
    cp "$CAMPAIGN/submission.csv" "$SUBMISSION_DIR/.submission.csv" &&
      mv "$SUBMISSION_DIR/.submission.csv" "$SUBMISSION_DIR/submission.csv"
  fi
}

"$PODIUM" doctor > "$LOGS_DIR/doctor.txt" 2>&1

"$PODIUM" run "$DATA_DIR" --campaign "$CAMPAIGN" --set "competition=$COMPETITION_ID" \
  --time "$((TIME_LIMIT_SECS - MARGIN_SECS))s" "$@" > "$LOGS_DIR/podium.txt" 2> "$LOGS_DIR/podium.log" &
RUNNING=$!
trap 'kill -INT $RUNNING 2> /dev/null' TERM INT

STARTED=$SECONDS
while kill -0 $RUNNING 2> /dev/null; do
  if [ $((SECONDS - STARTED)) -ge "$TIME_LIMIT_SECS" ]; then
    kill -INT $RUNNING # resumable, and its submission is on disk
    break
  fi
  publish
  sleep "${POLL_SECS:-5}"
done
wait $RUNNING
CODE=$?
publish

cp "$CAMPAIGN/report.html" "$CAMPAIGN/config.json" "$CAMPAIGN/results.tsv" "$LOGS_DIR/" 2> /dev/null
for solution in "$CAMPAIGN"/runs/*/solution.py; do
  [ -f "$solution" ] && cp "$solution" "$CODE_DIR/$(basename "$(dirname "$solution")").py"
done

tail -n 3 "$LOGS_DIR/podium.log"
if [ -f "$SUBMISSION_DIR/submission.csv" ] && [ -f "$HOME_DIR/validate_submission.sh" ]; then
  bash "$HOME_DIR/validate_submission.sh" "$SUBMISSION_DIR/submission.csv" # says whether it is valid, never its score
fi
exit $CODE
