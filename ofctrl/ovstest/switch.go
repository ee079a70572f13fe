package ovstest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// Bridge is the name of the bridge that every Switch has.
const Bridge = "br-int"

// Switch is a private Open vSwitch.
type Switch struct {
	Dir string // OVS_RUNDIR and everything else
	t   testing.TB
	db  *exec.Cmd
	sw  *exec.Cmd
}

// Start starts an Open vSwitch with the bridge br-int, which is in secure mode
// and has the ports named (numbered from 1). It is stopped when the test ends.
func Start(t testing.TB, ports ...string) *Switch {
	t.Helper()
	for _, tool := range []string{"ovsdb-tool", "ovsdb-server", "ovs-vsctl", "ovs-vswitchd", "ovs-ofctl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("Open vSwitch is not installed: %v", err)
		}
	}
	dir, err := os.MkdirTemp("", "ovs") // short: socket paths have a limit
	if err != nil {
		t.Fatal(err)
	}
	s := &Switch{Dir: dir, t: t}
	t.Cleanup(s.stop)
	s.Run("ovsdb-tool", "create", s.path("conf.db"), "/usr/share/openvswitch/vswitch.ovsschema")
	s.db = s.start("ovsdb-server", s.path("conf.db"), "--remote=punix:"+s.path("db.sock"), "--unixctl="+s.path("db.ctl"))
	s.Run("ovs-vsctl", "--retry", "--timeout=20", "--no-wait", "init")
	s.StartVswitchd()
	args := []string{"--timeout=20", "add-br", Bridge, "--", "set", "bridge", Bridge, "datapath_type=dummy", "fail_mode=secure"}
	for i, p := range ports {
		args = append(args, "--", "add-port", Bridge, p, "--", "set", "interface", p, "type=dummy", fmt.Sprintf("ofport_request=%d", i+1))
	}
	s.Run("ovs-vsctl", args...)
	return s
}

func (s *Switch) path(name string) string { return filepath.Join(s.Dir, name) }

// Target is the management socket of the bridge.
func (s *Switch) Target() string { return "unix:" + s.path(Bridge+".mgmt") }

func (s *Switch) env(c *exec.Cmd) *exec.Cmd {
	c.Env = append(os.Environ(), "OVS_RUNDIR="+s.Dir, "OVS_LOGDIR="+s.Dir, "OVS_DBDIR="+s.Dir, "OVS_SYSCONFDIR="+s.Dir,
		"ASAN_OPTIONS=detect_leaks=0")
	return c
}

func (s *Switch) start(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	c := s.env(exec.Command(name, append(args, "--no-chdir", "--log-file", "-vconsole:off")...))
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// StartVswitchd starts ovs-vswitchd and returns when the bridge is as the
// database says.
func (s *Switch) StartVswitchd() {
	s.t.Helper()
	s.sw = s.start("ovs-vswitchd", "unix:"+s.path("db.sock"), "--enable-dummy=override", "--disable-system",
		"--disable-system-route", "--unixctl="+s.path("vs.ctl"))
	s.Run("ovs-vsctl", "--timeout=20", "set", "open_vswitch", ".", "external_ids:started="+fmt.Sprint(s.sw.Process.Pid))
}

// KillVswitchd kills ovs-vswitchd, which forgets all flows.
func (s *Switch) KillVswitchd() {
	s.t.Helper()
	_ = s.sw.Process.Kill()
	_ = s.sw.Wait()
	s.sw = nil
}

// Pid is the process number of ovs-vswitchd.
func (s *Switch) Pid() int { return s.sw.Process.Pid }

func (s *Switch) stop() {
	for _, c := range []*exec.Cmd{s.sw, s.db} {
		if c != nil {
			_ = c.Process.Kill()
			_ = c.Wait()
		}
	}
	if s.t.Failed() {
		if b, err := os.ReadFile(s.path("ovs-vswitchd.log")); err == nil {
			lines := strings.Split(string(b), "\n")
			s.t.Logf("ovs-vswitchd:\n%s", strings.Join(lines[max(0, len(lines)-15):], "\n"))
		}
	}
	_ = os.RemoveAll(s.Dir)
}

// Run runs a tool and returns what it prints; failure fails the test.
func (s *Switch) Run(name string, args ...string) string {
	s.t.Helper()
	out, err := s.Try(name, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Try runs a tool and returns what it prints.
func (s *Switch) Try(name string, args ...string) (string, error) {
	c := s.env(exec.Command(name, args...))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

// Ofctl runs ovs-ofctl with OpenFlow 1.5 on the bridge: command, bridge, args.
func (s *Switch) Ofctl(command string, args ...string) string {
	s.t.Helper()
	return s.Run("ovs-ofctl", append([]string{"-O", "OpenFlow15", "--timeout=60", command, Bridge}, args...)...)
}

// Flows returns the flows of the bridge as ovs-ofctl prints them, without
// statistics.
func (s *Switch) Flows() []string {
	s.t.Helper()
	var flows []string
	out := s.Run("ovs-ofctl", "-O", "OpenFlow15", "--timeout=60", "--no-names", "--no-stats", "dump-flows", Bridge)
	for _, l := range strings.Split(out, "\n") {
		if l = strings.TrimSpace(l); strings.Contains(l, "actions=") {
			flows = append(flows, l)
		}
	}
	return flows
}

// Appctl runs ovs-appctl on ovs-vswitchd.
func (s *Switch) Appctl(args ...string) string {
	s.t.Helper()
	return s.Run("ovs-appctl", append([]string{"--timeout=20", "-t", s.path("vs.ctl")}, args...)...)
}
