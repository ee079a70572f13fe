package schema_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/nb"
	"github.com/weft-sdn/weft/schema/sb"
)

// stock is a running ovsdb-server with our northbound schema.
type stock struct {
	enc *json.Encoder
	dec *json.Decoder
}

func startStock(t *testing.T) *stock {
	t.Helper()
	bin, err := exec.LookPath("ovsdb-server")
	if err != nil {
		t.Skipf("no independent judge: %v", err)
	}
	dir := t.TempDir()
	file, db, sock := filepath.Join(dir, "nb.ovsschema"), filepath.Join(dir, "nb.db"), filepath.Join(dir, "s")
	if err := os.WriteFile(file, nb.Schema().OVSSchema(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("ovsdb-tool", "create", db, file).CombinedOutput(); err != nil {
		t.Fatalf("ovsdb-tool: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, "--no-chdir", "--remote=punix:"+sock, "--unixctl="+filepath.Join(dir, "ctl"),
		"--detach", "--pidfile="+filepath.Join(dir, "pid"), "--log-file="+filepath.Join(dir, "log"), db)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ovsdb-server: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		exec.Command("ovs-appctl", "-t", filepath.Join(dir, "ctl"), "exit").Run()
	})
	conn, err := net.Dial("unix", sock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &stock{json.NewEncoder(conn), json.NewDecoder(conn)}
}

// insert returns the server's answer to an insertion of one column.
func (s *stock) insert(t *testing.T, table, column, value string) map[string]any {
	t.Helper()
	row := map[string]any{column: json.RawMessage(value)}
	op := map[string]any{"op": "insert", "table": table, "row": row}
	if err := s.enc.Encode(map[string]any{"id": 1, "method": "transact", "params": []any{"OVN_Northbound", op}}); err != nil {
		t.Fatal(err)
	}
	var reply struct {
		Result []map[string]any
		Error  any
	}
	if err := s.dec.Decode(&reply); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	if len(reply.Result) == 0 {
		t.Fatalf("%s: %v", value, reply.Error)
	}
	return reply.Result[0]
}

// TestRefusedByServer asks a stock ovsdb-server, which takes our schema, for
// the errors that we say are its words.
func TestRefusedByServer(t *testing.T) {
	s := startStock(t)
	for _, r := range refused {
		got := s.insert(t, r.table, r.column, r.value)
		syntax, _ := got["syntax"].(string)
		if got["error"] != r.name || got["details"] != r.details || syntax != r.syntax {
			t.Errorf("%s.%s = %s:\n got %v\nwant %s: %s %s", r.table, r.column, r.value, got, r.name, r.details, r.syntax)
		}
	}
}

// TestToolTakesSchema lets ovsdb-tool read every schema that we serve.
func TestToolTakesSchema(t *testing.T) {
	if _, err := exec.LookPath("ovsdb-tool"); err != nil {
		t.Skipf("no independent judge: %v", err)
	}
	for _, db := range []*schema.Database{nb.Schema(), sb.Schema()} {
		file := filepath.Join(t.TempDir(), "x.ovsschema")
		if err := os.WriteFile(file, db.OVSSchema(), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("ovsdb-tool", "schema-version", file).CombinedOutput()
		if err != nil || string(out) != db.Version+"\n" {
			t.Errorf("%s: %v %s", db.Name, err, out)
		}
	}
}
