package ovstest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/digitalocean/go-openvswitch/ovs"
)

func (s *Switch) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.Dir
	c.Env = append(os.Environ(), "OVS_RUNDIR="+s.Dir, "OVS_LOGDIR="+s.Dir, "OVS_DBDIR="+s.Dir, "OVS_SYSCONFDIR="+s.Dir,
		"ASAN_OPTIONS=detect_leaks=0")
	return c
}

// exec is how the client runs its tools: on this switch.
func (s *Switch) exec(name string, args ...string) ([]byte, error) {
	c := s.command(name, args...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %v: %s", name, strings.Join(args, " "), err, stderr.String())
	}
	return out, nil
}

// noWait is exec for ovs-vsctl while ovs-vswitchd does not run.
func (s *Switch) noWait(name string, args ...string) ([]byte, error) {
	return s.exec(name, append([]string{"--no-wait"}, args...)...)
}

func (s *Switch) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Run runs a tool and returns what it prints; failure fails the test.
func (s *Switch) Run(name string, args ...string) string {
	s.t.Helper()
	out, err := s.exec(name, args...)
	s.must(err)
	return string(out)
}

// Vsctl runs what the client has no method for with ovs-vsctl.
func (s *Switch) Vsctl(args ...string) string {
	s.t.Helper()
	return strings.TrimSpace(s.Run("ovs-vsctl", append([]string{"--timeout=20"}, args...)...))
}

// Ofctl runs what the client has no method for with ovs-ofctl on br-int:
// command, br-int, args.
func (s *Switch) Ofctl(command string, args ...string) string {
	s.t.Helper()
	return s.Run("ovs-ofctl", append([]string{"-O", "OpenFlow15", "--timeout=60", command, Bridge}, args...)...)
}

// Appctl runs ovs-appctl on ovs-vswitchd.
func (s *Switch) Appctl(args ...string) string {
	s.t.Helper()
	return s.Run("ovs-appctl", append([]string{"--timeout=20", "-t", s.path("vs.ctl")}, args...)...)
}

// Settle has the datapath forget what was made of flows that are not there any
// more. A barrier does not wait for that: ovs-vswitchd looks through its datapath
// a moment later, in threads of its own, and until then packets go the old ways.
// Those threads may hold on to some. There must be no traffic.
func (s *Switch) Settle() {
	s.t.Helper()
	s.Eventually("an empty datapath", func() bool {
		s.Appctl("revalidator/purge")
		return strings.TrimSpace(s.Appctl("dpctl/dump-flows")) == ""
	})
}

// Flows returns the flows of br-int as ovs-ofctl prints them, without
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

// AddPort adds a port to br-int.
func (s *Switch) AddPort(port string) {
	s.t.Helper()
	s.must(s.VSwitch.AddPort(Bridge, port))
}

// DeletePort deletes a port of br-int.
func (s *Switch) DeletePort(port string) {
	s.t.Helper()
	s.must(s.VSwitch.DeletePort(Bridge, port))
}

// Ports returns the ports of br-int but the local one.
func (s *Switch) Ports() []string {
	s.t.Helper()
	ports, err := s.VSwitch.ListPorts(Bridge)
	s.must(err)
	return ports
}

// Bridges returns the bridges.
func (s *Switch) Bridges() []string {
	s.t.Helper()
	bridges, err := s.VSwitch.ListBridges()
	s.must(err)
	return bridges
}

// AddDrop adds a flow that drops all packets, or all of a protocol ("ip").
func (s *Switch) AddDrop(table, priority int, protocol ovs.Protocol) {
	s.t.Helper()
	s.must(s.OpenFlow.AddFlow(Bridge, &ovs.Flow{Table: table, Priority: priority, Protocol: protocol, Actions: []ovs.Action{ovs.Drop()}}))
}

// DeleteFlows deletes the flows of a table.
func (s *Switch) DeleteFlows(table int) {
	s.t.Helper()
	s.must(s.OpenFlow.DelFlows(Bridge, &ovs.MatchFlow{Table: table}))
}
