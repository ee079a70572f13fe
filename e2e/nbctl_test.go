package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNbctlLikeStock runs stock ovn-nbctl against the backend and against a
// stock ovsdb-server with the same schema and a stock ovn-northd, and compares
// what it says.
func TestNbctlLikeStock(t *testing.T) {
	c := config(t)
	if why := Missing(OVN{}); why != "" {
		t.Skip(why)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(s.State())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.AddHypervisors(0); err != nil {
		t.Fatal(err)
	}
	if err := s.stockCentre(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("testdata/nbctl.commands")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(b), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		stocks := make(chan string, 1)
		go func() { stocks <- s.say(line, s.Dir+"/stock") }()
		ours, stock := s.say(line, s.Dir), <-stocks
		if ours != stock && sortedLines(ours) != sortedLines(stock) { // rows come in the order of their random UUIDs
			t.Errorf("nbctl.commands:%d: %s\n--- stock ovsdb-server:\n%s--- %s:\n%s", i+1, line, stock, c.Backend.Name(), ours)
		}
	}
}

// stockCentre starts a second pair of databases, with the schema of the
// backend's Northbound, in directory stock.
func (s *Sandbox) stockCentre() error {
	dir, ns := s.Dir+"/stock", s.ns("fab")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	schema, err := s.toolAt(ns, dir, "ovsdb-client", "get-schema", "unix:"+s.Dir+"/nb.sock", "OVN_Northbound")
	if err != nil {
		return err
	}
	if err := os.WriteFile(dir+"/nb.ovsschema", []byte(schema), 0o644); err != nil {
		return err
	}
	for db, schema := range map[string]string{"nb": dir + "/nb.ovsschema", "sb": "/usr/share/ovn/ovn-sb.ovsschema"} {
		if _, err := s.toolAt(ns, dir, "ovsdb-tool", "create", dir+"/"+db+".db", schema); err != nil {
			return err
		}
		err := s.run(&daemon{name: "stock-" + db, start: func() (*Process, error) {
			return s.startDetached("stock-"+db, ns, s.env(dir), dir+"/"+db+".pid", dir+"/"+db+".log", "ovsdb-server", dir+"/"+db+".db",
				"--remote=punix:"+dir+"/"+db+".sock")
		}})
		if err != nil {
			return err
		}
	}
	if _, err := s.toolAt(ns, dir, "ovn-sbctl", "--db=unix:"+dir+"/sb.sock", "init"); err != nil {
		return err
	}
	return s.run(&daemon{name: "stock-northd", start: func() (*Process, error) {
		return s.startDetached("stock-northd", ns, s.env(dir), dir+"/northd.pid", dir+"/northd.log", "ovn-northd",
			"--ovnnb-db=unix:"+dir+"/nb.sock", "--ovnsb-db=unix:"+dir+"/sb.sock")
	}})
}

var (
	uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// Which of two rows comes first depends on their random UUIDs.
	twoRows  = regexp.MustCompile(`  First row, with UUID.*?","error"`)
	logStamp = regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
)

// say runs a line with the databases in dir, and returns all that it said
// without what must differ.
func (s *Sandbox) say(line, dir string) string {
	cmd, cancel := s.command(context.Background(), s.ns("fab"), dir, "sh", "-c", line)
	defer cancel()
	cmd.Env = append(cmd.Env, "OVN_NB_DB=unix:"+dir+"/nb.sock")
	r, err := output(cmd, "", cmd.Args)
	if cmd.ProcessState == nil {
		return err.Error() // the shell could not be run
	}
	out := fmt.Sprintf("%s%sexit status %d\n", r.Stdout, r.Stderr, cmd.ProcessState.ExitCode())
	out = strings.ReplaceAll(out, dir+"/", "")
	out = twoRows.ReplaceAllString(uuidText.ReplaceAllString(out, "UUID"), `","error"`)
	return logStamp.ReplaceAllString(out, "TIME")
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
