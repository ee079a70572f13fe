package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/weft-sdn/weft/e2e"
)

// tour is the walk through the system.
type tour struct {
	s     *e2e.Sandbox
	ctx   context.Context
	start time.Time
	quiet bool // no output of commands
	steps int
}

func (t *tour) step(format string, args ...any) {
	t.steps++
	fmt.Printf("\n\033[1m== %d. %s\033[0m  (%.1f s)\n", t.steps, fmt.Sprintf(format, args...), time.Since(t.start).Seconds())
}

// do shows a command, runs it and shows what it says.
func (t *tour) do(line ...string) error {
	if err := t.ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	var out io.Writer = os.Stdout
	if t.quiet {
		out = io.Discard
	} else {
		fmt.Printf("$ %s\n", quoted(line))
	}
	return t.s.Do(t.ctx, "/", out, os.Stderr, line...)
}

func quoted(words []string) string {
	var q []string
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " '\"$*;|&<>()[]{}") {
			w = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
		}
		q = append(q, w)
	}
	return strings.Join(q, " ")
}

// build makes the network of the README.
func (t *tour) build() error {
	t.step("Start northd with embedded etcd, and three hypervisors: namespaces with ovsdb-server, ovs-vswitchd and chassisd each")
	if err := t.do("hv", "3"); err != nil {
		return err
	}
	t.step("Tell the northbound database what is wanted, with stock ovn-nbctl")
	for _, line := range [][]string{
		{"ovn-nbctl", "ls-add", "network1"},
		{"ovn-nbctl", "lsp-add", "network1", "vm1", "--", "lsp-set-addresses", "vm1", "40:44:00:00:00:01 192.168.0.11"},
		{"ovn-nbctl", "lsp-add", "network1", "vm2", "--", "lsp-set-addresses", "vm2", "40:44:00:00:00:02 192.168.0.12"},
	} {
		if err := t.do(line...); err != nil {
			return err
		}
	}
	t.step("Plug in two VMs on different hypervisors: namespaces whose interface is a port of br-int with external_ids:iface-id")
	for _, line := range []string{"vm vm1 hv1 40:44:00:00:00:01 192.168.0.11/24", "vm vm2 hv2 40:44:00:00:00:02 192.168.0.12/24"} {
		if err := t.do(strings.Fields(line)...); err != nil {
			return err
		}
	}
	t.step("Wait until the hypervisors have done it")
	return errors.Join(t.do("ovn-nbctl", "--timeout=30", "--wait=hv", "sync"), t.do("wait-up", "vm1", "vm2"))
}

// show is what one sees.
func (t *tour) show() error {
	t.step("Ping both ways, and look at the wire between the hypervisors")
	wire, err := t.capture()
	if err != nil {
		return err
	}
	err = errors.Join(
		t.do("vm1", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "192.168.0.12"),
		t.do("vm2", "ping", "-n", "-c", "3", "-i", "0.2", "-W", "2", "192.168.0.11"))
	if err != nil {
		return err
	}
	text, err := wire()
	fmt.Print(text)
	if err != nil {
		return err
	}
	if !strings.Contains(text, "0x102") {
		return errors.New("the capture shows no Geneve option of class 0x0102")
	}
	t.step("What the databases show")
	if err := errors.Join(t.do("ovn-nbctl", "show"), t.do("ovn-sbctl", "show")); err != nil {
		return err
	}
	if t.s.Backend.Name() != "weft" {
		t.step("The logical flows")
		return t.do("ovn-sbctl", "lflow-list")
	}
	t.step("The logical flows")
	if err := t.do("lflow-dump"); err != nil {
		return err
	}
	t.step("How the daemons are")
	return errors.Join(t.do("status"), t.do("status", "hv1"))
}

// capture runs tcpdump on hv1's end of the underlay. The function that it
// returns waits for two tunnel packets and gives the text.
func (t *tour) capture() (func() (string, error), error) {
	args := []string{"tcpdump", "-i", "ul", "-c", "2", "-n", "-vv", "-e", "udp port 6081 and udp[8:4] & 0xff000000 != 0 and greater 120"}
	fmt.Printf("$ hv1 %s &\n", quoted(args))
	cmd, cancel, err := t.s.Command(t.ctx, "hv1", args...)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("tcpdump: %w", err)
	}
	// It says when it listens.
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		if strings.Contains(lines.Text(), "listening on") {
			break
		}
	}
	return func() (string, error) {
		defer cancel()
		go func() { _, _ = io.Copy(io.Discard, stderr) }()
		if err := cmd.Wait(); err != nil {
			return out.String(), fmt.Errorf("tcpdump: %w", err)
		}
		return "$ # what tcpdump saw: vni is the switch, the option of class 0x102 holds the ports\n" + out.String(), nil
	}, nil
}

// nothingLeft looks whether the take-down was complete.
func (t *tour) nothingLeft() error {
	left, err := filepath.Glob("/run/netns/weft-" + t.s.ID + "-*")
	if err != nil {
		return err
	}
	if _, err := os.Stat(t.s.Dir); err == nil {
		left = append(left, t.s.Dir)
	}
	if len(left) > 0 {
		return fmt.Errorf("left behind: %s", strings.Join(left, ", "))
	}
	fmt.Println("no namespace, no process, no file is left")
	return nil
}
