package store

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weft-sdn/weft/schema"
)

// stock is an ovsdb-server of Open vSwitch with the tests' schema.
type stock struct {
	conn net.Conn
	dec  *json.Decoder
	id   int
}

// startStock runs ovsdb-server; false where it is not installed.
func startStock(t testing.TB, name string, served []byte) (*stock, bool) {
	t.Helper()
	server, err := exec.LookPath("ovsdb-server")
	if err != nil {
		server = "/usr/sbin/ovsdb-server"
	}
	tool, err := exec.LookPath("ovsdb-tool")
	if _, serr := os.Stat(server); err != nil || serr != nil {
		return nil, false
	}
	dir, err := os.MkdirTemp("", "stock") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	file, sock := filepath.Join(dir, "db"), filepath.Join(dir, "s")
	if err := os.WriteFile(file+".schema", served, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, "create", file, file+".schema").CombinedOutput(); err != nil {
		t.Fatalf("ovsdb-tool create: %v: %s", err, out)
	}
	cmd := exec.Command(server, "--remote=punix:"+sock, "--unixctl="+sock+".ctl", "--no-chdir", file)
	errs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	go func() {
		for s := bufio.NewScanner(errs); s.Scan(); {
		}
	}()
	for end := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("unix", sock)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &stock{conn: conn, dec: json.NewDecoder(conn)}, true
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (s *stock) transact(t testing.TB, db, ops string) string {
	t.Helper()
	s.id++
	req := `{"method":"transact","id":` + jsonText(s.id) + `,"params":["` + db + `"`
	if ops != "" {
		req += "," + ops
	}
	if _, err := s.conn.Write([]byte(req + "]}")); err != nil {
		t.Fatal(err)
	}
	for {
		var m struct {
			ID     json.RawMessage
			Method string
			Result []json.RawMessage
			Error  json.RawMessage
		}
		if err := s.dec.Decode(&m); err != nil {
			t.Fatalf("%v after %s", err, req)
		}
		if m.Method != "" {
			continue
		}
		if m.Result == nil {
			t.Fatalf("error %s for %s", m.Error, req)
		}
		return text(m.Result)
	}
}

func jsonText(v any) string { return string(schema.EncodeJSON(v)) }

var minusZero = regexp.MustCompile(`([:,[])-0\b`)

// canonical makes results comparable: rows and members of objects in order, no
// _version, the two rows of an index violation in order, and no sign of zero
// (schema.RealAtom).
func canonical(results string) string {
	var v any
	d := json.NewDecoder(strings.NewReader(results))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return results
	}
	return minusZero.ReplaceAllString(jsonText(canonicalValue(v)), "${1}0")
}
