package ovstest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/digitalocean/go-openvswitch/ovs"
)

// Bridge is the name of the bridge that StartBridge makes.
const Bridge = "br-int"

const (
	schema  = "/usr/share/openvswitch/vswitch.ovsschema"
	timeout = 20 * time.Second
)

// Switch is a private Open vSwitch. The embedded client runs ovs-vsctl and
// ovs-ofctl (OpenFlow 1.5) on it.
type Switch struct {
	*ovs.Client
	Dir string // OVS_RUNDIR and everything else

	t      testing.TB
	db, vs *exec.Cmd
}

// Start starts an Open vSwitch without bridges, with the given external_ids of
// the Open_vSwitch row ("key=value"). It is stopped when the test ends.
func Start(t testing.TB, ids ...string) *Switch {
	t.Helper()
	s := startDB(t)
	if len(ids) > 0 {
		args := []string{"--no-wait", "set", "Open_vSwitch", "."}
		for _, id := range ids {
			args = append(args, "external_ids:"+id)
		}
		s.Vsctl(args...)
	}
	s.StartVswitchd()
	return s
}

// StartBridge starts an Open vSwitch with the bridge br-int, which is in secure
// mode and has the ports named (numbered from 1). The database says all of it
// before ovs-vswitchd starts, so that no state between is ever in the switch.
func StartBridge(t testing.TB, ports ...string) *Switch {
	t.Helper()
	s := startDB(t)
	early := ovs.New(ovs.Exec(s.noWait), ovs.Timeout(20)).VSwitch
	s.must(early.AddBridge(Bridge))
	s.must(early.SetFailMode(Bridge, ovs.FailModeSecure))
	s.Vsctl("--no-wait", "set", "bridge", Bridge, "datapath_type=dummy")
	for i, p := range ports {
		s.must(early.AddPort(Bridge, p))
		s.Vsctl("--no-wait", "set", "interface", p, "type=dummy", fmt.Sprintf("ofport_request=%d", i+1))
	}
	s.StartVswitchd()
	return s
}

func startDB(t testing.TB) *Switch {
	t.Helper()
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovs-vswitchd", "ovs-vsctl", "ovs-ofctl", "ovs-appctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs Open vSwitch (Debian: openvswitch-switch): %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "ovs") // not t.TempDir: a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	s := &Switch{Dir: dir, t: t}
	s.Client = ovs.New(ovs.Exec(s.exec), ovs.Timeout(20), ovs.Protocols([]string{ovs.ProtocolOpenFlow15}))
	t.Cleanup(s.stop)
	s.Run("ovsdb-tool", "create", s.path("conf.db"), schema)
	s.StartDB()
	return s
}

func (s *Switch) path(name string) string { return filepath.Join(s.Dir, name) }

// DB is the OVSDB address of the database.
func (s *Switch) DB() string { return "unix:" + s.path("db.sock") }

// Mgmt is the management socket of the bridge br-int.
func (s *Switch) Mgmt() string { return "unix:" + s.path(Bridge+".mgmt") }

// StartDB starts ovsdb-server and returns when it serves.
func (s *Switch) StartDB() {
	s.t.Helper()
	s.db = s.start("ovsdb-server", s.path("conf.db"), "--remote=p"+s.DB(), "--unixctl="+s.path("db.ctl"))
	s.Eventually("ovsdb-server's socket", func() bool {
		_, err := os.Stat(s.path("db.sock"))
		return err == nil
	})
	s.Vsctl("--retry", "--no-wait", "init")
}

// KillDB kills ovsdb-server as a crash would.
func (s *Switch) KillDB() {
	kill(s.db)
	_ = os.Remove(s.path("db.sock"))
}

// StartVswitchd starts ovs-vswitchd and returns when its bridges are as the
// database says.
func (s *Switch) StartVswitchd() {
	s.t.Helper()
	s.vs = s.start("ovs-vswitchd", s.DB(), "--enable-dummy=override", "--disable-system",
		"--disable-system-route", "--unixctl="+s.path("vs.ctl"))
	s.Vsctl("set", "open_vswitch", ".", "external_ids:started="+fmt.Sprint(s.Pid()))
}

// KillVswitchd kills ovs-vswitchd, which forgets all flows.
func (s *Switch) KillVswitchd() { kill(s.vs) }

// Pid is the process number of ovs-vswitchd.
func (s *Switch) Pid() int { return s.vs.Process.Pid }

func (s *Switch) start(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	c := s.command(name, append(args, "--no-chdir", "--log-file="+s.path(name+".log"), "-vconsole:off")...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// kill ends a daemon that was started and not yet waited for.
func kill(c *exec.Cmd) {
	if c == nil || c.ProcessState != nil {
		return
	}
	_ = c.Process.Kill()
	_ = c.Wait()
}

func (s *Switch) stop() {
	kill(s.vs)
	kill(s.db)
	if s.t.Failed() {
		if b, err := os.ReadFile(s.path("ovs-vswitchd.log")); err == nil {
			lines := strings.Split(string(b), "\n")
			s.t.Logf("ovs-vswitchd:\n%s", strings.Join(lines[max(0, len(lines)-15):], "\n"))
		}
	}
	_ = os.RemoveAll(s.Dir)
}

// Eventually polls until ok, and fails the test with what it is waiting for.
func (s *Switch) Eventually(what string, ok func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.NewTimer(timeout)
	defer end.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end.C:
			s.t.Fatalf("waiting for %s", what)
		}
	}
}
