package northdtest

import (
	"slices"
	"testing"
)

// TestWords keeps the scenario language honest.
func TestWords(t *testing.T) {
	got := words(`lsp sw0 "a b" x # no comment within`)
	if !slices.Equal(got, []string{"lsp", "sw0", "a b", "x"}) {
		t.Errorf("%q", got)
	}
}
