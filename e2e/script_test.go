package e2e

import (
	"io"
	"strings"
	"testing"
	"time"
)

// TestScenarioLimit: a scenario that takes too long fails in the line where it
// is, also where ! expects a failure.
func TestScenarioLimit(t *testing.T) {
	for _, neg := range []bool{false, true} {
		st, stop, err := newScript(config(t), 200*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		err = st.line("fab", &call{neg: neg, args: []string{"sleep", "1000"}, stdout: io.Discard, stderr: io.Discard})
		if err == nil || !strings.Contains(err.Error(), "longer than 200ms") {
			t.Errorf("neg=%v: %v", neg, err)
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("neg=%v: it went on for %v", neg, took)
		}
		stop()
		if err := st.s.Close(); err != nil {
			t.Error(err)
		}
	}
}
