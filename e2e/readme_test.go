package e2e

import (
	"os"
	"strings"
	"testing"
)

// TestReadme: the manual explains every command.
func TestReadme(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), `\|`, "|")
	for _, c := range commands() {
		if !strings.Contains(text, "`"+c.name+" ") && !strings.Contains(text, "`"+c.name+"`") {
			t.Errorf("README.md does not explain %s", c.name)
		}
	}
}
