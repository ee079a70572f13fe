package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/weft-sdn/weft/e2e/traffic"
)

// chaosTime is the length of the short form; E2E_CHAOS=5m asks for another, and
// E2E_CHAOS_SEED for other random numbers.
const chaosTime = 20 * time.Second

// chaos kills daemons of a cloud in which much changes and pings run.
type chaos struct {
	*Sandbox
	t     *testing.T
	r     *rand.Rand
	watch logWatch
	pings map[string]*traffic.Pinger
	kills []kill
}

// kill is a time in which daemons were killed, until all was well again.
type kill struct {
	what       string // "chassisd", "chassisd+vswitchd"
	start, end time.Time
}

// TestChaos: chassisd, ovs-vswitchd and ovsdb-server are killed with -9 at
// random moments while ports, address sets and switches come and go. Packets
// between ports that stay are lost only where ovs-vswitchd was killed, and at the
// end the switches hold what an agent puts into an empty one.
func TestChaos(t *testing.T) {
	c := config(t)
	if c.Backend.Name() != "weft" {
		t.Skip("stock OVN's agent loses packets when it is killed")
	}
	length, seed := chaosTime, uint64(time.Now().UnixNano())
	var err error
	if v := os.Getenv("E2E_CHAOS"); v != "" {
		if length, err = time.ParseDuration(v); err != nil {
			t.Fatal(err)
		}
	}
	if v := os.Getenv("E2E_CHAOS_SEED"); v != "" {
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("E2E_CHAOS=%v E2E_CHAOS_SEED=%d", length, seed)
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	x := &chaos{Sandbox: s, t: t, r: rand.New(rand.NewPCG(seed, 1)), pings: map[string]*traffic.Pinger{}}
	defer func() {
		if t.Failed() {
			t.Log("state when it failed:\n" + s.State())
		}
		if err := errors.Join(s.stop(), x.watch.look(s), s.Close()); err != nil {
			t.Errorf("take-down: %v", err)
		}
	}()
	if err := x.run(length, seed); err != nil {
		t.Fatal(err)
	}
}

func (x *chaos) run(length time.Duration, seed uint64) error {
	if err := x.build(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	churn := &churn{s: x.Sandbox, r: rand.New(rand.NewPCG(seed, 2)), ports: map[string]string{}, plugged: map[string]string{}}
	var g errgroup.Group
	g.Go(func() error { return churn.run(ctx) })
	for end := time.Now().Add(length); time.Now().Before(end); {
		if err := x.round(); err != nil {
			stop()
			return errors.Join(err, g.Wait())
		}
	}
	stop()
	if err := g.Wait(); err != nil {
		return err
	}
	x.t.Logf("%d changes of the northbound, %d of interfaces", churn.north, churn.local)
	if err := x.sync(); err != nil {
		return err
	}
	return errors.Join(x.account(), x.fromScratch(), x.dead(), x.watch.look(x.Sandbox))
}

// pingEvery is slow enough for packets to wait in the sockets of a switch that
// has lost its database: then ovs-vswitchd's main thread, which is what
// forwards in the userspace datapath, does nothing until it has it again, and
// it tries once a second.
const pingEvery = 40 * time.Millisecond

// build makes two hypervisors with the VMs that stay, one switch, an address
// set that an ACL on it names, and starts the pings.
func (x *chaos) build() error {
	for _, line := range []string{
		"hv 2",
		"ovn-nbctl ls-add n -- create Address_Set name=as",
		"ovn-nbctl acl-add n to-lport 1001 ip4.src==$as drop",
		"vm vm1 hv1 40:44:00:00:00:01 10.0.1.1/24",
		"vm vm2 hv2 40:44:00:00:00:02 10.0.1.2/24",
		"vm vm3 hv1 40:44:00:00:00:03 10.0.1.3/24",
		"ovn-nbctl lsp-add n vm1 -- lsp-set-addresses vm1 40:44:00:00:00:01\\ 10.0.1.1",
		"ovn-nbctl lsp-add n vm2 -- lsp-set-addresses vm2 40:44:00:00:00:02\\ 10.0.1.2",
		"ovn-nbctl lsp-add n vm3 -- lsp-set-addresses vm3 40:44:00:00:00:03\\ 10.0.1.3",
		"wait-up vm1 vm2 vm3",
		"sync",
	} {
		if err := x.do(line); err != nil {
			return err
		}
	}
	for name, ends := range map[string][2]string{"far": {"vm1", "vm2"}, "near": {"vm1", "vm3"}, "back": {"vm2", "vm3"}} {
		dst, err := x.Address(ends[1], false)
		if err != nil {
			return err
		}
		p, err := traffic.NewPinger(x.vms[ends[0]].ns, dst, pingEvery)
		if err != nil {
			return err
		}
		x.pings[name], x.Sandbox.pings.m[name] = p, p
		go p.Run()
		if err := p.WaitFor(10, 10*time.Second); err != nil {
			return err
		}
	}
	return nil
}

// do runs a scenario line; `\ ` is a space within a word.
func (x *chaos) do(line string) error {
	words := strings.Fields(strings.ReplaceAll(line, `\ `, "\x00"))
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "\x00", " ")
	}
	var out, errOut strings.Builder
	if err := x.Do(context.Background(), x.Dir, &out, &errOut, words...); err != nil {
		return fmt.Errorf("%s: %w: %s", line, err, errOut.String())
	}
	return nil
}

func (x *chaos) sync() error { return x.do("ovn-nbctl --timeout=60 --wait=hv sync") }

// round kills one daemon or two, starts them again after a random time, and
// waits until all is well.
func (x *chaos) round() error {
	kinds := []string{"chassisd", "vswitchd", "ovsdb"}
	victims := map[string]*daemon{}
	for range 1 + x.r.IntN(5)/4 {
		kind := kinds[x.r.IntN(3)]
		d, err := x.daemon(kind, fmt.Sprint("hv", 1+x.r.IntN(2)))
		if err != nil {
			return err
		}
		victims[d.name] = d
	}
	pause := func(most int) { <-time.After(time.Duration(x.r.IntN(most)) * time.Millisecond) }
	<-time.After(inFlight) // what is lost now is not of the time before
	pause(300)
	var what []string
	k := kill{start: time.Now()}
	for _, name := range slices.Sorted(maps.Keys(victims)) {
		if err := victims[name].halt(unix.SIGKILL); err != nil {
			return err
		}
		_, kind, _ := strings.Cut(name, "/")
		what = append(what, kind)
		pause(100)
	}
	if _, ok := victims["hv1/ovsdb"]; !ok && victims["hv2/ovsdb"] == nil {
		pause(1000)
	}
	var g errgroup.Group // an agent is ready when it has its database
	for _, name := range slices.Sorted(maps.Keys(victims)) {
		g.Go(victims[name].up)
		pause(100)
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.Sort(what)
	k.what = strings.Join(slices.Compact(what), "+")
	names := strings.Join(slices.Sorted(maps.Keys(victims)), ", ")
	if err := x.settle(); err != nil {
		return fmt.Errorf("after %s: %w", names, err)
	}
	k.end = time.Now()
	x.kills = append(x.kills, k)
	x.t.Logf("%s to %s: %s", k.start.Format("15:04:05.000"), k.end.Format("15:04:05.000"), names)
	return errors.Join(x.dead(), x.watch.look(x.Sandbox))
}

// settle waits until all intent is in the switches and all pings are answered.
func (x *chaos) settle() error {
	if err := x.sync(); err != nil {
		return err
	}
	for name, p := range x.pings {
		if err := p.WaitFor(p.Count()+10, time.Minute); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// inFlight is how long before its switch is killed a packet may have been sent
// that is lost with it: on a busy machine it waits for its turn.
const inFlight = 200 * time.Millisecond

// account says for each kind of kill what was lost.
func (x *chaos) account() error {
	lost, times, unexplained := map[string]int{}, map[string]int{}, 0
	for _, k := range x.kills {
		times[k.what]++
	}
	for name, p := range x.pings {
		delete(x.Sandbox.pings.m, name)
		x.t.Logf("ping %s: %s", name, p.Finish(5*time.Second))
		for _, at := range p.Unanswered() {
			i := slices.IndexFunc(x.kills, func(k kill) bool { return at.After(k.start.Add(-inFlight)) && at.Before(k.end) })
			if i < 0 || !strings.Contains(x.kills[i].what, "vswitchd") {
				x.t.Logf("lost on %s: %s", name, at.Format("15:04:05.000"))
			}
			if i < 0 {
				unexplained++
			} else {
				lost[x.kills[i].what]++
			}
		}
	}
	var err error
	for _, what := range slices.Sorted(maps.Keys(times)) {
		x.t.Logf("killed %s %d times: %d packets lost", what, times[what], lost[what])
		if lost[what] > 0 && !strings.Contains(what, "vswitchd") {
			err = errors.Join(err, fmt.Errorf("%d packets were lost where only %s was killed", lost[what], what))
		}
	}
	if unexplained > 0 {
		err = errors.Join(err, fmt.Errorf("%d packets were lost while nothing was killed", unexplained))
	}
	return err
}

// fromScratch compares what is in the switches with what agents put there that
// are started with empty ones.
func (x *chaos) fromScratch() error {
	for _, hv := range []string{"hv1", "hv2"} {
		before, err := x.dump(hv)
		if err != nil {
			return err
		}
		if strings.Count(before, "\n") < 50 {
			return fmt.Errorf("%s has few flows:\n%s", hv, before)
		}
		for _, line := range []string{
			"halt chassisd " + hv,
			hv + " ovs-ofctl -O OpenFlow15 del-flows br-int",
			hv + " ovs-ofctl -O OpenFlow15 del-groups br-int",
			hv + " ovs-ofctl -O OpenFlow15 del-meters br-int",
			"start chassisd " + hv,
			"sync",
		} {
			if err := x.do(line); err != nil {
				return err
			}
		}
		after, err := x.dump(hv)
		if err != nil {
			return err
		}
		if before != after {
			return fmt.Errorf("%s: the flow table is not that of an agent with an empty switch:\n%s", hv, difference(before, after))
		}
		x.t.Logf("%s: %d flows, groups and meters, as from an empty switch", hv, strings.Count(before, "\n"))
	}
	return nil
}

// dump returns the flows, groups and meters of br-int, sorted.
func (x *chaos) dump(hv string) (string, error) {
	var lines []string
	for _, what := range []string{"dump-flows --no-stats", "dump-groups", "dump-meters"} {
		r, err := x.Run(context.Background(), hv, "", append(append([]string{"ovs-ofctl", "-O", "OpenFlow15"}, strings.Fields(what)...), "br-int")...)
		if err != nil {
			return "", fmt.Errorf("%w: %s", err, r.Stderr)
		}
		for line := range strings.Lines(r.Stdout) {
			if !strings.HasPrefix(line, "OFPST_") && !strings.HasPrefix(line, "NXST_") { // the reply's header
				lines = append(lines, strings.TrimSpace(line)+"\n")
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, ""), nil
}

// difference returns the lines that only one of two sorted texts has.
func difference(a, b string) string {
	var out strings.Builder
	show := func(sign string, of, than string) {
		have := map[string]bool{}
		for line := range strings.Lines(than) {
			have[line] = true
		}
		for line := range strings.Lines(of) {
			if !have[line] {
				out.WriteString(sign + line)
			}
		}
	}
	show("- ", a, b)
	show("+ ", b, a)
	return out.String()
}
