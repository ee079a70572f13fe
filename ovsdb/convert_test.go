package ovsdb

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
)

// TestConvert: stock's client shows our schema with its checksum, and a stock
// server agrees where we do: to have the schema that there is. Another one is
// refused, and nothing has changed then.
func TestConvert(t *testing.T) {
	w, stock := startWeft(t, nb.Schema()), startStock(t, nb.Schema(), false)
	tool := need(t, "ovsdb-client")
	for _, command := range [][]string{{"get-schema"}, {"get-schema-cksum"}, {"get-schema-version"}} {
		ours, theirs := run(t, tool, command[0], "unix:"+w.unix, nb.Schema().Name), run(t, tool, command[0], "unix:"+stock, nb.Schema().Name)
		if ours != theirs {
			t.Errorf("%s: stock %.200s\nours %.200s", command[0], theirs, ours)
		}
	}
	if got := run(t, tool, "get-schema-cksum", "unix:"+w.unix, "_Server"); got != run(t, tool, "get-schema-cksum", "unix:"+stock, "_Server") {
		t.Errorf("checksum of _Server: %s", got)
	}

	same := nb.Schema().OVSSchema()
	var other map[string]any
	if err := json.Unmarshal(same, &other); err != nil {
		t.Fatal(err)
	}
	other["version"] = "99.0.0"
	broken := bytes.Replace(same, []byte(`"string"`), []byte(`"strin"`), 1)
	for _, c := range []struct {
		name          string
		text          []byte
		theirs, wants string // errors
	}{
		{"broken", broken, "is not an atomic-type", "is not an atomic-type"}, // which the client finds
		{"same", same, "", ""},
		{"other", schema.EncodeJSON(other), "", "the schema cannot be converted"},
	} {
		file := filepath.Join(t.TempDir(), "schema")
		if err := os.WriteFile(file, c.text, 0o600); err != nil {
			t.Fatal(err)
		}
		for _, s := range []struct{ sock, want string }{{stock, c.theirs}, {w.unix, c.wants}} {
			out, err := exec.CommandContext(t.Context(), tool, "convert", "unix:"+s.sock, file).CombinedOutput()
			if (err == nil) != (s.want == "") || !strings.Contains(string(out), s.want) {
				t.Errorf("%s at %s: %v: %s", c.name, s.sock, err, out)
			}
		}
	}
	if got := run(t, tool, "get-schema-version", "unix:"+w.unix, nb.Schema().Name); strings.TrimSpace(got) != nb.Schema().Version {
		t.Errorf("the version became %s", got)
	}
}
