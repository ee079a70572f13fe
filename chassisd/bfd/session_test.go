package bfd

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"flag"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/weft-sdn/weft/chassisd/packet"
)

var update = flag.Bool("update", false, "rewrite the golden files; commit only differences that you understand")

var start = time.Unix(1000, 0)

// pair are two sessions, a and b, and the wire between them, which takes no time.
type pair struct {
	now  time.Time
	s    map[string]*session
	cut  map[string]bool // who is not heard
	log  strings.Builder
	mute bool
}

var states = map[packet.BFDState]string{packet.BFDAdminDown: "admin_down", packet.BFDDown: "down", packet.BFDInit: "init", packet.BFDUp: "up"}

func other(name string) string { return map[string]string{"a": "b", "b": "a"}[name] }

func (p *pair) deliver(from string, m packet.BFD) {
	flags := ""
	if m.Poll {
		flags += " poll"
	}
	if m.Final {
		flags += " final"
	}
	lost := ""
	if p.cut[from] {
		lost = " lost"
	}
	if !p.mute {
		fmt.Fprintf(&p.log, "%7d  %s %s%s diag %d yours %d tx %d rx %d%s\n", p.now.Sub(start).Milliseconds(), from, states[m.State], flags, m.Diag, m.Yours, m.MinTX/1000, m.MinRX/1000, lost)
	}
	to := p.s[other(from)]
	if p.cut[from] || to == nil {
		return
	}
	read, ok := packet.ParseBFD(m.Append(nil))
	if ok && to.hear(read, p.now) {
		p.deliver(other(from), to.message(true))
	}
}

// run lets time pass.
func (p *pair) run(d time.Duration) {
	end := p.now.Add(d)
	for {
		at := end
		for _, s := range p.s {
			if w := s.wake(); !w.IsZero() && w.Before(at) {
				at = w
			}
		}
		if at.After(p.now) {
			p.now = at
		}
		busy := false
		for _, name := range []string{"a", "b"} {
			if s := p.s[name]; s != nil && s.run(p.now) {
				busy = true
				p.deliver(name, s.message(false))
			}
		}
		if !busy && at == end {
			return
		}
	}
}

// do runs a command:
//
//	new NAME MIN_TX MIN_RX MULT [up]  a session begins, or goes on after a restart
//	ask NAME MIN_TX MIN_RX MULT       it is asked for something else
//	rest NAME, gone NAME
//	cut NAME, join NAME               what it says is lost, or no more
//	quiet, loud                       packets are not logged, or are
//	run MS                            time passes
func (p *pair) do(t *testing.T, line string) {
	args := strings.Fields(line)
	number := func(i int) time.Duration {
		n, err := strconv.Atoi(args[i])
		if err != nil {
			t.Fatal(line, err)
		}
		return time.Duration(n) * time.Millisecond
	}
	want := func() settings { return settings{number(2), number(3), uint8(number(4) / time.Millisecond)} }
	switch args[0] {
	case "new":
		disc := map[string]uint32{"a": 1, "b": 2}[args[1]]
		p.s[args[1]] = newSession(disc, want(), len(args) > 5, p.now, func() float64 { return 0.5 })
	case "ask":
		p.s[args[1]].ask(want(), p.now)
	case "rest":
		p.s[args[1]].rest(p.now)
	case "gone":
		delete(p.s, args[1])
	case "cut", "join":
		p.cut[args[1]] = args[0] == "cut"
	case "quiet", "loud":
		p.mute = args[0] == "quiet"
	case "run":
		p.run(number(1))
	default:
		t.Fatalf("unknown command %q", line)
	}
	fmt.Fprintf(&p.log, "# %s:", line)
	for _, name := range []string{"a", "b"} {
		if s := p.s[name]; s != nil {
			fmt.Fprintf(&p.log, " %s %s", name, states[s.state])
		}
	}
	p.log.WriteByte('\n')
}

// TestScripts runs testdata: two sessions that talk to each other.
func TestScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p := &pair{now: start, s: map[string]*session{}, cut: map[string]bool{}}
			for line := range strings.SplitSeq(string(a.Comment), "\n") {
				if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
					p.do(t, line)
				}
			}
			got := p.log.String()
			if *update {
				a.Files = []txtar.File{{Name: "said", Data: []byte(got)}}
				if err := os.WriteFile(name, txtar.Format(a), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if len(a.Files) != 1 || string(a.Files[0].Data) != got {
				t.Errorf("said:\n%s", got)
			}
		})
	}
}

// TestJitter: packets are a quarter earlier at most than is agreed; where one lost
// packet is too many, a tenth at least (RFC 5880, section 6.8.7).
func TestJitter(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, mult := range []uint8{1, 3} {
		most := map[uint8]time.Duration{1: 900 * time.Millisecond, 3: time.Second}[mult]
		lo, hi := time.Hour, time.Duration(0)
		s := newSession(1, settings{time.Second, time.Second, mult}, false, start, rng.Float64)
		for range 10_000 {
			s.plan(start)
			d := s.next.Sub(start)
			lo, hi = min(lo, d), max(hi, d)
		}
		if lo < 750*time.Millisecond || lo > 760*time.Millisecond || hi > most || hi < most-10*time.Millisecond {
			t.Errorf("multiplier %d: %s to %s", mult, lo, hi)
		}
	}
}

// TestDetection: how long a silent peer is taken for alive.
func TestDetection(t *testing.T) {
	for _, c := range []struct {
		what string
		want settings
		by   time.Duration
	}{
		{"200 ms, 3", settings{200 * time.Millisecond, 200 * time.Millisecond, 3}, 600 * time.Millisecond},
		{"defaults", settings{time.Second, time.Second, 5}, 5 * time.Second},
	} {
		p := &pair{now: start, s: map[string]*session{}, cut: map[string]bool{}}
		for name, disc := range map[string]uint32{"a": 1, "b": 2} {
			p.s[name] = newSession(disc, c.want, false, p.now, func() float64 { return 0.5 })
		}
		p.run(10 * time.Second)
		if p.s["a"].state != packet.BFDUp || p.s["b"].state != packet.BFDUp {
			t.Fatalf("%s: a %s, b %s", c.what, states[p.s["a"].state], states[p.s["b"].state])
		}
		delete(p.s, "b")
		p.run(c.by)
		if p.s["a"].state != packet.BFDDown || p.s["a"].diag != packet.BFDExpired {
			t.Errorf("%s: a %s after %s", c.what, states[p.s["a"].state], c.by)
		}
	}
}
