package tables

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/ofctrl"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// keptSwitch is a switch that an agent's controller keeps.
type keptSwitch struct {
	*ovstest.Switch
	t    testing.TB
	c    *ofctrl.Controller
	gen  int64
	stop func()
}

// dial starts a controller; the one before is stopped.
func (s *keptSwitch) dial() {
	if s.stop != nil {
		s.stop()
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.c = ofctrl.New(ofctrl.Config{Target: s.Mgmt()})
	go func(c *ofctrl.Controller) {
		defer close(done)
		_ = c.Run(ctx)
	}(s.c)
	s.stop = func() { cancel(); <-done }
}

// connect dials, and has all packets begin in the ingress pipeline.
func (s *keptSwitch) connect(flows []ofctrl.OwnerFlows) {
	s.dial()
	var a ofp.ActionBuilder
	a.Resubmit(lower.TableLogIngress)
	start := ofctrl.Flow{Table: 0, Priority: 1, Actions: a.Actions()}
	s.update(append(flows, ofctrl.OwnerFlows{Owner: "start", Flows: []ofctrl.Flow{start}}))
}

func (s *keptSwitch) update(flows []ofctrl.OwnerFlows) {
	s.t.Helper()
	s.gen++
	s.c.Update(ofctrl.Update{Gen: s.gen, Flows: flows, Complete: true})
	timeout := time.After(time.Minute)
	for {
		select {
		case gen := <-s.c.Installed():
			if gen == s.gen {
				return
			}
		case <-timeout:
			s.t.Fatalf("not in the switch: %+v", s.c.Status())
		}
	}
}

// matched is how ofproto/trace says which flow a packet met in the table.
var matched = regexp.MustCompile(fmt.Sprintf(`(?m)^ *%d\. .*priority \d+, cookie 0x([0-9a-f]+)`, lower.TableLogIngress))

// trace returns the cookie of the flow that the switch finds.
func (s *keptSwitch) trace(p *conjPacket) (cookie uint64, ok bool) {
	out := s.Appctl("ofproto/trace", ovstest.Bridge, fmt.Sprintf("in_port=1,metadata=%#x,reg0=%#x,reg4=%#x,reg8=%#x,reg14=%#x",
		conjDatapath, p.regs[0], p.regs[1], p.regs[2], p.inport))
	m := matched.FindStringSubmatch(out)
	if m == nil {
		return 0, false
	}
	cookie, err := strconv.ParseUint(m[1], 16, 64)
	if err != nil {
		s.t.Fatal(err)
	}
	return cookie, true
}

// TestConjunctionsInSwitch: Open vSwitch agrees with the logical flows while
// units come and go, and finds nothing changed when the agent is started again.
func TestConjunctionsInSwitch(t *testing.T) {
	s := &keptSwitch{Switch: ovstest.StartBridge(t, "p1"), t: t}
	w := newConjWorld(t, rand.New(rand.NewPCG(5, 6)), numBlocks)
	s.connect(nil)
	defer func() { s.stop() }()
	conjunctive := 0
	for step := range 24 {
		w.step()
		s.update(w.apply())
		if step%8 == 7 {
			s.connect(w.start(t, numBlocks))
			if n := s.c.Status().Counters; n.FlowAdds+n.FlowDeletes != 0 {
				t.Errorf("after a restart %d flows were added, %d deleted", n.FlowAdds, n.FlowDeletes)
			}
		}
		parsed, rs := w.parse(), w.rules()
		for range 8 {
			p := &conjPacket{inport: 1 + w.r.Uint64N(3)}
			for i := range p.regs {
				p.regs[i] = w.r.Uint64N(8)
			}
			want := w.meant(p, parsed)
			got, ok := s.trace(p)
			if ok != (len(want) > 0) || ok && !slices.Contains(want, got) {
				t.Fatalf("%+v: flow %#x, want one of %#x\n%s", p, got, want, w.describe())
			}
			// The model of the other tests is Open vSwitch's classifier.
			if _, modelled := classify(rs, p); modelled != ok {
				t.Fatalf("%+v: matched %v, by the model %v", p, ok, modelled)
			}
			for _, r := range rs {
				if ok && r.conjID != 0 && r.Cookie == got {
					conjunctive++
				}
			}
		}
	}
	if conjunctive < 20 {
		t.Errorf("only %d packets met a conjunctive match", conjunctive)
	}
}
