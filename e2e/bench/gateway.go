package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Figures of a gateway hypervisor that dies, of two, and the other one has its
// traffic: the longest time between two answers to a ping of a hundred a second from
// outside to a VM on a third. BFD is as quick as northbound options make it, or as it
// is without any.
//
//   - killed: its switch is killed;
//   - cut: the network of its tunnels is cut off, not that outside;
//   - frozen: its switch, its database and its agent stop.
type gatewayCloud struct {
	name    string
	options []string // of NB_Global
	rx      string   // how often who watches hears of the other, then
	goal    goal
}

var gatewayClouds = []gatewayCloud{
	{"bfd-100", []string{"options:bfd-min-rx=100", "options:bfd-min-tx=100", "options:bfd-mult=3"}, "100ms", goal{limit: &figure{0.5, "s"}}},
	{"bfd-default", nil, "1000ms", goal{ratio: 1}},
}

// death is a way for a hypervisor to die, and back.
type death struct {
	name      string
	die, live [][]string
}

var deaths = []death{
	{"killed", [][]string{{"crash", "vswitchd", "hv2"}}, [][]string{{"start", "vswitchd", "hv2"}}},
	{"cut", [][]string{{"fab", "ip", "link", "set", "ul2", "down"}}, [][]string{{"fab", "ip", "link", "set", "ul2", "up"}}},
	{"frozen", [][]string{{"freeze", "chassisd", "hv2"}, {"freeze", "ovsdb", "hv2"}, {"freeze", "vswitchd", "hv2"}},
		[][]string{{"thaw", "vswitchd", "hv2"}, {"thaw", "ovsdb", "hv2"}, {"thaw", "chassisd", "hv2"}}},
}

func (z gatewayCloud) gap(d death) string { return "gateway-gap-" + d.name + "-" + z.name }

func gatewayScenes() (all []scene) {
	for _, z := range gatewayClouds {
		var figures []spec
		for _, d := range deaths {
			figures = append(figures, spec{name: z.gap(d), goal: z.goal})
		}
		all = append(all, scene{packets: true, figures: figures, measure: func(c *cloud, ctx context.Context) error { return c.gateway(ctx, z) }})
	}
	return all
}

// gateway lets a gateway hypervisor die in each way.
func (c *cloud) gateway(ctx context.Context, z gatewayCloud) error {
	if err := c.fillGateway(ctx, z); err != nil {
		return err
	}
	for _, d := range deaths {
		if !c.want(z.gap(d)) {
			continue
		}
		gap, err := c.gapOf(ctx, z, d)
		if err != nil {
			return fmt.Errorf("%s: %w", z.gap(d), err)
		}
		c.note("%s: %v", z.gap(d), gap)
		c.give(z.gap(d), seconds(gap))
	}
	return nil
}

// fillGateway makes a VM on hv1, its router, whose gateway is hv2 and after it hv3,
// and a host outside.
func (c *cloud) fillGateway(ctx context.Context, z gatewayCloud) error {
	lines := [][]string{
		{"hv", "3"},
		{"exthost", "out", "40:44:00:00:16:01", "172.16.0.1/24"},
		{"out", "ip", "route", "add", "10.0.1.0/24", "via", "172.16.0.254"},
		{"ovn-nbctl", "lr-add", "r", "--", "lrp-add", "r", "r-a", "40:44:00:00:ff:01", "10.0.1.254/24",
			"--", "lrp-add", "r", "r-p", "40:44:00:00:ff:00", "172.16.0.254/24",
			"--", "lrp-set-gateway-chassis", "r-p", "hv2", "20", "--", "lrp-set-gateway-chassis", "r-p", "hv3", "10"},
		{"ovn-nbctl", "ls-add", "p", "--", "lsp-add", "p", "p-net", "--", "lsp-set-type", "p-net", "localnet",
			"--", "lsp-set-addresses", "p-net", "unknown", "--", "lsp-set-options", "p-net", "network_name=phys",
			"--", "lsp-add", "p", "p-r", "--", "lsp-set-type", "p-r", "router", "--", "lsp-set-addresses", "p-r", "router",
			"--", "lsp-set-options", "p-r", "router-port=r-p", "nat-addresses=router"},
		{"ovn-nbctl", "ls-add", "a", "--", "lsp-add", "a", "a-r", "--", "lsp-set-type", "a-r", "router", "--", "lsp-set-addresses", "a-r", "router",
			"--", "lsp-set-options", "a-r", "router-port=r-a", "--", "lsp-add", "a", "a1", "--", "lsp-set-addresses", "a1", "40:44:00:00:01:01 10.0.1.1"},
		{"vm", "a1", "hv1", "40:44:00:00:01:01", "10.0.1.1/24", "10.0.1.254"},
		{"wait-up", "a1"},
	}
	if z.options != nil {
		lines = append(lines, append([]string{"ovn-nbctl", "set", "NB_Global", "."}, z.options...))
	}
	return c.script(ctx, append(lines, []string{"sync"}, []string{"until", "ping", "a1", "out"})...)
}

// script runs lines of scenarios.
func (c *cloud) script(ctx context.Context, lines ...[]string) error {
	for _, words := range lines {
		if err := c.do(ctx, words...); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(words, " "), err)
		}
	}
	return nil
}

// served are the lines that wait until a hypervisor sends out what comes from the VM.
func served(hv string) [][]string {
	return [][]string{{"listen", hv + ":ext"}, {"expect-hear", hv + ":ext", "-t", "30s", "dir==out", "ip4.src==10.0.1.1"}}
}

// watched are the lines that wait until all of them find one another well, and are heard
// as often as they are to: BFD begins slowly, RFC 5880 section 6.8.3.
func (z gatewayCloud) watched() (lines [][]string) {
	for _, pair := range [][2]string{{"hv1", "hv2"}, {"hv1", "hv3"}, {"hv2", "hv3"}, {"hv3", "hv1"}, {"hv3", "hv2"}} {
		lines = append(lines, []string{"until", "-t", "30s", "-match", "(?s)RX Interval: Approx " + z.rx + ".*Remote Session State: up",
			pair[0], "ovs-appctl", "bfd/show", "ovn-" + pair[1] + "-0"})
	}
	return lines
}

// atRest waits for three seconds of answers: sessions of BFD go down and up when their
// intervals change, and for two seconds agents take what is up again for less than that.
var atRest = [][]string{{"ping-wait", "p", "300"}}

// gapOf returns the longest time without an answer while hv2 dies and hv3 takes
// over. Then hv2 lives again and has its traffic back.
func (c *cloud) gapOf(ctx context.Context, z gatewayCloud, d death) (time.Duration, error) {
	enough := [][]string{{"ping-wait", "p", "50"}}
	begin := slices.Concat(z.watched(), [][]string{{"ping-start", "p", "out", "a1", "-i", "10ms"}}, served("hv2"), atRest)
	if err := c.script(ctx, slices.Concat(begin, d.die, served("hv3"), enough)...); err != nil {
		return 0, err
	}
	var out bytes.Buffer
	if err := c.s.Do(ctx, c.s.Dir, &out, &out, "ping-stop", "p"); err != nil {
		return 0, err
	}
	_, text, _ := strings.Cut(strings.TrimSpace(out.String()), "gap=")
	gap, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("ping-stop said %q: %w", out.String(), err)
	}
	again := [][]string{{"ping-start", "p", "out", "a1", "-i", "10ms", "-nowait"}}
	return gap, c.script(ctx, slices.Concat(d.live, again, z.watched(), served("hv2"), enough, [][]string{{"ping-stop", "p"}})...)
}
