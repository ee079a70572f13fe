package e2e

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// stockTools run in the middle of the fabric, where OVN_NB_DB and OVN_SB_DB
// point to the databases.
const stockTools = "ovn-nbctl ovn-sbctl ovn-trace ovn-detrace ovsdb-client ovsdb-tool"

func toolCommands() []command {
	var all []command
	for tool := range strings.FieldsSeq(stockTools) {
		all = append(all, command{tool, tool + " [ARG]…", func(c *call) error {
			if err := c.program("", append([]string{tool}, c.args...)); err != nil || !slices.Contains(c.args, "--wait=hv") {
				return err
			}
			return c.s.settle()
		}})
	}
	return append(all,
		command{"weft-trace", "weft-trace [ARG]…", func(c *call) error { return c.program("", append([]string{"weft-trace"}, c.args...)) }},
		command{"lflow-dump", "lflow-dump [HV] [ARG]…", targeted("lflow-dump")},
		command{"status", "status [HV] [ARG]…", targeted("weftctl", "status")},
		command{"state", "state", func(c *call) error { _, err := io.WriteString(c.stdout, c.s.State()); return err }})
}

// targeted runs one of our own tools against northd, or the chassisd of the
// hypervisor that comes first.
func targeted(tool ...string) func(*call) error {
	return func(c *call) error {
		sock := c.s.Dir + "/northd.sock"
		if len(c.args) > 0 {
			if h, err := c.s.Hypervisor(c.args[0]); err == nil {
				sock, c.args = h.dir+"/chassisd.sock", c.args[1:]
			}
		}
		return c.program("", append(append(tool[:len(tool):len(tool)], "--target", "unix:"+sock), c.args...))
	}
}

// State is what one wants to see where a scenario failed.
func (s *Sandbox) State() string {
	var b strings.Builder
	show := func(title, place string, limit int, args ...string) {
		ns, dir, err := s.place(place)
		if err != nil {
			return
		}
		out, err := s.toolAt(ns, dir, args...)
		lines := strings.Split(out, "\n")
		if len(lines) > limit {
			lines = append(lines[:limit], fmt.Sprintf("… %d more lines", len(lines)-limit))
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", title, strings.Join(lines, "\n"))
		if err != nil {
			fmt.Fprintln(&b, err)
		}
	}
	if !s.central {
		return "nothing was started\n"
	}
	show("northbound", "", 100, "ovn-nbctl", "--timeout=5", "show")
	show("southbound", "", 100, "ovn-sbctl", "--timeout=5", "show")
	show("port bindings", "", 200, "ovn-sbctl", "--timeout=5", "--columns=logical_port,chassis,up,tunnel_key,mac", "list", "Port_Binding")
	show("flows", "", 300, "ovn-sbctl", "--timeout=5", "lflow-list")
	for _, h := range s.hvs {
		show(h.Name+" switch", h.Name, 80, "ovs-vsctl", "--timeout=5", "show")
		show(h.Name+" flows", h.Name, 200, "ovs-ofctl", "--no-stats", "dump-flows", "br-int")
	}
	for _, name := range s.daemonNames() {
		d := s.daemons.m[name]
		if d.proc == nil {
			continue
		}
		running := "runs"
		if !d.proc.Alive() {
			running = d.proc.how
		}
		fmt.Fprintf(&b, "--- log of %s (%s)\n%s\n", name, running, worthReading(tail(d.proc.Log, 60)))
	}
	return b.String()
}

// worthReading leaves out what stock daemons say when all is well.
func worthReading(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log + "\n") {
		if !strings.Contains(line, "|INFO|") {
			b.WriteString(line)
		}
	}
	return strings.TrimSpace(b.String())
}
