# untraced.bash - tests without the trace that bats keeps of each command, loaded by the helpers of the bats files.
#
# The trace is dozens of commands of bash before each one of a test, an eighth to a third of what a file costs, and tells
# nothing but the place of a failure. With BATS_UNTRACED, which tests/bats-file sets for its first run of a file, that
# place comes from bash where the failure is. Bash does not tell it for `exit`, an unset variable and a bad `source`; a
# second run is traced, and so is a run by hand.
# shellcheck shell=bash

if [[ ${BATS_UNTRACED-} ]]; then
	eval "traced_$(declare -f bats_setup_tracing)"
	bats_setup_tracing() {
		traced_bats_setup_tracing
		trap - DEBUG
		trap untraced_failure ERR
	}
fi

# What bats does at each command and at a failure, at a failure only. The innermost function is the first to come here.
untraced_failure() {
	BATS_ERROR_STATUS=${BATS_ERROR_STATUS:-$?}
	[[ ${BATS_DEBUG_LAST_STACK_TRACE_IS_VALID-} ]] || bats_capture_stack_trace
	bats_error_trap
}

# The sleep that ends a test which takes too long outlives a test that is over before bats has set the trap to end it
# with, as one that is skipped may be; and all wait for who still could write to their output. So it cannot.
if declare -F bats_start_timeout_countdown >/dev/null; then
	eval "$(declare -f bats_start_timeout_countdown | sed 's/sleep "$timeout" &/sleep "$timeout" <\&- >\&- 2>\&- 3>\&- 4>\&- \&/')"
fi
