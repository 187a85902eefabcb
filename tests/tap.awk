# Adds up TAP. The input is one or more programs' output, each between "#> begin NAME" and "#> end STATUS".
# Out: "count PASSED FAILED SKIPPED", then "skip NAME: TEST: REASON" and "fail NAME: TEST" lines.
# A program fails once more if it ran fewer or more tests than it planned, ran none, or ended badly with no failed test:
# with the last line that it wrote, since that is most often why.
# -v forbid=REGEX: a skip whose reason matches counts as failed.
function fail(text) { n_failed++; failed++; notes[++n] = "fail " name ": " text }
function finish(status) {
	if (name == "")
		return
	if (planned != seen)
		fail((planned < 0 ? "no plan" : planned " tests planned, " seen " ran") ": status " status ": " last)
	if (status != 0 && n_failed == 0)
		fail("ended with status " status ": " last)
	name = ""
}
/^#> begin / { finish("lost"); name = substr($0, 10); planned = -1; seen = 0; n_failed = 0; last = ""; next }
/^#> end / { finish($3); next }
name == "" { next }
/[^ ]/ { last = $0 }
/^1\.\.[0-9]+/ { planned = substr($1, 4) + 0; if (planned == 0) planned = -1; next }
/^(not )?ok( |$)/ {
	seen++
	test = $0
	sub(/^(not )?ok */, "", test); sub(/^[0-9]+ */, "", test); sub(/^- */, "", test)
	at = match(tolower(test), / *# *skip */)
	if (/^not /) {
		fail(test)
	} else if (at) {
		reason = substr(test, at + RLENGTH)
		test = substr(test, 1, at - 1)
		if (forbid != "" && tolower(reason) ~ forbid) {
			fail(test ": may not be skipped here: " reason)
		} else {
			skipped++
			notes[++n] = "skip " name ": " test ": " (reason == "" ? "no reason given" : reason)
		}
	} else {
		passed++
	}
}
END {
	finish("lost")
	print "count", passed + 0, failed + 0, skipped + 0
	for (i = 1; i <= n; i++)
		print notes[i]
}
