package ovstest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const schema = "/usr/share/openvswitch/vswitch.ovsschema"

// OVS is one private Open vSwitch.
type OVS struct {
	Dir string
	t   testing.TB

	db, vs *exec.Cmd
}

// Start runs ovsdb-server and ovs-vswitchd with the given external_ids of the
// Open_vSwitch row ("key=value").
func Start(t testing.TB, ids ...string) *OVS {
	t.Helper()
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-appctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs Open vSwitch (Debian: openvswitch-switch): %v", err)
		}
	}
	// Not t.TempDir: a socket's path must be short.
	dir, err := os.MkdirTemp("", "ovs")
	if err != nil {
		t.Fatal(err)
	}
	o := &OVS{Dir: dir, t: t}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.run("ovsdb-tool", "create", o.path("conf.db"), schema)
	o.StartDB()
	o.Vsctl("--no-wait", "init")
	if len(ids) > 0 {
		args := []string{"--no-wait", "set", "Open_vSwitch", "."}
		for _, id := range ids {
			args = append(args, "external_ids:"+id)
		}
		o.Vsctl(args...)
	}
	o.StartSwitch()
	return o
}

func (o *OVS) path(name string) string { return filepath.Join(o.Dir, name) }

// Target is the database's OVSDB address.
func (o *OVS) Target() string { return "unix:" + o.path("db.sock") }

// StartDB runs ovsdb-server.
func (o *OVS) StartDB() {
	o.t.Helper()
	o.db = o.start("ovsdb-server", o.path("conf.db"), "--remote=punix:"+o.path("db.sock"),
		"--unixctl="+o.path("ovsdb.ctl"), "-vconsole:off", "--log-file="+o.path("ovsdb-server.log"))
	o.wait("ovsdb-server's socket", func() bool { return exists(o.path("db.sock")) })
}

// StartSwitch runs ovs-vswitchd.
func (o *OVS) StartSwitch() {
	o.t.Helper()
	o.vs = o.start("ovs-vswitchd", o.Target(), "--enable-dummy=override", "--disable-system", "--no-chdir",
		"--unixctl="+o.path("vs.ctl"), "-vconsole:off", "--log-file="+o.path("ovs-vswitchd.log"))
	o.wait("ovs-vswitchd's socket", func() bool { return exists(o.path("vs.ctl")) })
}

// StopDB and StopSwitch kill the daemon as a crash would.
func (o *OVS) StopDB() { stop(o.db); os.Remove(o.path("db.sock")) }

// StopSwitch kills ovs-vswitchd.
func (o *OVS) StopSwitch() { stop(o.vs); os.Remove(o.path("vs.ctl")) }

func (o *OVS) start(name string, args ...string) *exec.Cmd {
	o.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = o.env()
	cmd.Dir = o.Dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		o.t.Fatalf("%s: %v", name, err)
	}
	o.t.Cleanup(func() {
		stop(cmd)
		if o.t.Failed() && stderr.Len() > 0 {
			o.t.Logf("%s: %s", name, stderr.String())
		}
	})
	return cmd
}

func stop(cmd *exec.Cmd) {
	if cmd == nil || cmd.Process == nil || cmd.ProcessState != nil {
		return
	}
	cmd.Process.Kill()
	cmd.Wait()
}

func (o *OVS) env() []string {
	return append(os.Environ(), "OVS_RUNDIR="+o.Dir, "OVS_LOGDIR="+o.Dir, "OVS_DBDIR="+o.Dir, "OVS_SYSCONFDIR="+o.Dir)
}

func (o *OVS) run(name string, args ...string) string {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = o.env()
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Vsctl runs ovs-vsctl and returns what it printed.
func (o *OVS) Vsctl(args ...string) string {
	o.t.Helper()
	return strings.TrimSpace(o.run("ovs-vsctl", append([]string{"--db=" + o.Target()}, args...)...))
}

// Appctl asks ovs-vswitchd.
func (o *OVS) Appctl(args ...string) string {
	o.t.Helper()
	return o.run("ovs-appctl", append([]string{"--target=" + o.path("vs.ctl")}, args...)...)
}

// Ofctl runs ovs-ofctl.
func (o *OVS) Ofctl(args ...string) string {
	o.t.Helper()
	return o.run("ovs-ofctl", append([]string{"-O", "OpenFlow15"}, args...)...)
}

// Eventually polls until ok, and fails the test with what it is waiting for.
func (o *OVS) Eventually(what string, ok func() bool) {
	o.t.Helper()
	o.wait(what, ok)
}

func (o *OVS) wait(what string, ok func() bool) {
	o.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.NewTimer(20 * time.Second)
	defer timeout.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout.C:
			o.t.Fatalf("waiting for %s", what)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
