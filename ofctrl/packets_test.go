package ofctrl

import (
	"net"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// Flows that are in the switch are told as installed only when the packets that
// they send to the controller arrive, also where that has ceased meanwhile.
func TestInstalledWaitsForPackets(t *testing.T) {
	conns, pass := make(chan net.Conn, 1), make(chan struct{})
	defer close(pass)
	target := fakeSwitch(t, func(nc net.Conn) {
		for {
			msg, err := readMessage(nc)
			if err != nil {
				return
			}
			if h, _ := ofp.ParseHeader(msg); h.Type == ofp.TypeExperimenter {
				if _, subtype, _, _ := ofp.ParseExperimenter(msg[8:]); subtype == ofp.NXSetPacketInFormat {
					conns <- nc
					<-pass
				}
			}
			if _, err := nc.Write(answerTo(msg)); err != nil {
				return
			}
		}
	})
	c := start(t, Config{Target: target, Audit: time.Hour})
	for gen := range int64(3) {
		n := int(10 + gen)
		packets := <-conns
		c.Update(Update{Gen: 1 + gen, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(n)}}})
		waitStatus(t, c, func(s Status) bool { return s.Installed == n })
		waitStatus(t, c, func(Status) bool { return c.batchIsOver() })
		select {
		case gen := <-c.Installed():
			t.Errorf("generation %d is told before the packets come", gen)
		default:
		}
		if s := c.Status(); s.Packets || s.Synced {
			t.Errorf("the switch sends no packets yet: %+v", s)
		}
		pass <- struct{}{}
		installedGen(t, c, 1+gen)
		if s := c.Status(); !s.Packets || !s.Synced {
			t.Errorf("the switch sends packets: %+v", s)
		}
		packets.Close()
		waitStatus(t, c, func(s Status) bool { return !s.Packets })
	}
}

// batchIsOver tells whether what was sent last has been told, or could be.
func (c *Controller) batchIsOver() bool {
	c.st.mu.Lock()
	defer c.st.mu.Unlock()
	return !c.st.sending
}
