package remote

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const schema = "/usr/share/ovn/ovn-sb.ovsschema"

// server runs a stock ovsdb-server with a Southbound database.
func server(t *testing.T, ops string) string {
	t.Helper()
	for _, f := range []string{schema, "/usr/bin/ovsdb-tool", "/usr/sbin/ovsdb-server"} {
		if _, err := os.Stat(f); err != nil {
			t.Skipf("needs ovsdb-server and OVN's schema (Debian: openvswitch-switch, ovn-common): %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	db, sock := filepath.Join(dir, "db"), filepath.Join(dir, "s")
	if out, err := exec.Command("ovsdb-tool", "create", db, schema).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := exec.Command("ovsdb-tool", "transact", db, `["OVN_Southbound",`+ops+`]`).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command("/usr/sbin/ovsdb-server", db, "--remote=punix:"+sock, "--unixctl="+sock+".ctl", "-vconsole:off")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if _, err := os.Stat(sock); err == nil {
			return "unix:" + sock
		}
		<-tick.C
	}
	t.Fatal("ovsdb-server does not start")
	return ""
}

func TestAsk(t *testing.T) {
	with := server(t, `{"op":"insert","table":"SB_Global","row":{"options":["map",[["weft-etcd","http://10.0.0.9:2379"]]]}}`)
	without := server(t, `{"op":"insert","table":"SB_Global","row":{}}`)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got, err := Ask(ctx, []string{"unix:/nonexistent", without, with}, nil)
	if err != nil || got != "http://10.0.0.9:2379" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := Ask(ctx, []string{without}, nil); !errors.Is(err, ErrNoOption) {
		t.Errorf("a server that does not know: %v", err)
	}
	if _, err := Ask(ctx, []string{"unix:/nonexistent"}, nil); err == nil {
		t.Error("no server, and no error")
	}
}
