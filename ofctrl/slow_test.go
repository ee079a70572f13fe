package ofctrl

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// obey answers what needs an answer, until the connection ends; before each
// message that it reads it passes gate.
func obey(nc net.Conn, gate func()) {
	for {
		gate()
		msg, err := readMessage(nc)
		if err != nil {
			return
		}
		if _, err := nc.Write(answerTo(msg)); err != nil {
			return
		}
	}
}

// answerTo is what a switch that does all that it is told answers to a message.
func answerTo(msg []byte) []byte {
	switch h, _ := ofp.ParseHeader(msg); h.Type {
	case ofp.TypeBarrierRequest:
		return ofp.AppendEmpty(nil, ofp.TypeBarrierReply, h.Xid)
	case ofp.TypeEchoRequest:
		return ofp.AppendEcho(nil, ofp.TypeEchoReply, h.Xid, nil)
	case ofp.TypeBundleControl:
		id, typ, _ := ofp.ParseBundleControl(msg[8:])
		return ofp.AppendBundleControl(nil, h.Xid, id, typ+1)
	case ofp.TypeExperimenter:
		if _, subtype, _, _ := ofp.ParseExperimenter(msg[8:]); subtype == ofp.NXTLVTableRequest {
			return tlvReply(h.Xid)
		}
	}
	return nil
}

// tlvReply is the answer of a switch that has our TLV map.
func tlvReply(xid uint32) []byte {
	b := ofp.AppendTLVTableMod(nil, xid, ofp.TLVAdd, DefaultTLV())
	at := len(b) - 8 // behind the experimenter header and 8 bytes stands the map
	reply := append(append(b[:16:16], make([]byte, 16)...), b[at:]...)
	reply[3] = byte(len(reply))
	reply[15] = byte(ofp.NXTLVTableReply)
	return reply
}

// While the switch reads nothing, or one message an update, updates neither wait
// nor add up: what is kept is what is wanted and what is there. When it reads
// again it gets the newest state.
func TestSwitchThatIsSlow(t *testing.T) {
	for _, reads := range []int{0, 1} {
		t.Run(fmt.Sprintf("%d messages an update", reads), func(t *testing.T) { testSlow(t, reads) })
	}
}

func testSlow(t *testing.T, reads int) {
	var gate atomic.Pointer[chan struct{}] // a message is read for each token; closed: all are
	open := make(chan struct{})
	close(open)
	gate.Store(&open)
	target := fakeSwitch(t, func(nc net.Conn) { obey(nc, func() { <-*gate.Load() }) })
	c := start(t, Config{Target: target, Audit: time.Hour, Echo: time.Hour})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "base", Flows: manyFlows(1000)}}})
	installedGen(t, c, 1)

	tokens := make(chan struct{}, reads)
	gate.Store(&tokens)
	before, began := heap(), time.Now()
	const rounds, each = 2000, 100
	most, ids := 0, 0
	meter := ofp.NewMeterBody(ofp.MeterPktps, ofp.MeterBand{Rate: 1})
	for i := range rounds {
		flows := manyFlows(each)
		for j := range flows {
			flows[j].Match = regMatch(uint64(i*each + j)) // never the same key again
			flows[j].Cookie = uint64(i)
		}
		c.Update(Update{Gen: int64(2 + i), FlushZones: []uint16{uint16(i % 7)}, Flows: []OwnerFlows{
			{Owner: "churn", Flows: flows, Groups: []Group{{uint32(i + 1), "\x00\x00\x00\x00"}}, Meters: []Meter{{uint32(i + 1), meter}}},
		}})
		if reads > 0 {
			select {
			case tokens <- struct{}{}:
			default:
			}
		}
		c.st.mu.Lock()
		most = max(most, len(c.st.table.places)+len(c.st.dirty))
		ids = max(ids, len(c.st.dirtyGroups)+len(c.st.dirtyMeters)+len(c.st.groups.slots)+len(c.st.meters.slots))
		c.st.mu.Unlock()
	}
	took, grown := time.Since(began), heap()-before
	t.Logf("%d updates of %d flows took %v, at most %d slots and dirty keys, %d kB more", rounds, each, took.Round(time.Millisecond), most, grown>>10)
	// What is wanted, what a batch has put there meanwhile, and both dirty.
	if most > 1000+5*each || ids > 2*maxDirtyIDs+2 || grown > 2<<20 {
		t.Errorf("%d slots and dirty keys, %d groups and meters, %d kB more, for 1000 flows and %d that change", most, ids, grown>>10, each)
	}
	busy := 0
	for range 5000 {
		if errors.Is(c.PacketOut(&ofp.PacketOut{Packet: make([]byte, 1500)}), ErrBusy) {
			busy++
		}
	}
	if busy == 0 {
		t.Error("5000 packets are on their way to a switch that does not read")
	}
	close(tokens)
	installedGen(t, c, 1+rounds)
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 1000+each })
}

// heap is the memory in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Zones are flushed, and the flows of the same update installed, in one round
// trip: all of it is on its way before the switch answers any of it. Each round
// trip can cost milliseconds, as the switch does its own work between two. What
// it cannot flush is told, and does not keep the flows out.
func TestFlushIsNotWaitedFor(t *testing.T) {
	target := fakeSwitch(t, func(nc net.Conn) {
		var held []byte // answers, from a flush on until the bundle is whole
		for {
			msg, err := readMessage(nc)
			if err != nil {
				return
			}
			h, _ := ofp.ParseHeader(msg)
			answer, flush, commit := answerTo(msg), false, false
			switch h.Type {
			case ofp.TypeExperimenter:
				if _, subtype, _, _ := ofp.ParseExperimenter(msg[8:]); subtype == ofp.NXCTFlushZone {
					answer, flush = frame(ofp.TypeError, h.Xid, 0, 1, 0, 1), true
				}
			case ofp.TypeBundleControl:
				_, typ, _ := ofp.ParseBundleControl(msg[8:])
				commit = typ == ofp.BundleCommit
			}
			if flush || len(held) > 0 && !commit {
				held = append(held, answer...)
				continue
			}
			if _, err := nc.Write(append(held, answer...)); err != nil {
				return
			}
			held = nil
		}
	})
	var log logBuffer
	c := start(t, Config{Target: target, Log: log.logger(), Audit: time.Hour, Echo: time.Hour, Stall: 20 * time.Second})
	c.Update(Update{Gen: 1, Complete: true, FlushZones: []uint16{7, 8}, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(10)}}})
	installedGen(t, c, 1)
	if st := c.Status(); st.Installed != 10 || st.Disconnects != 0 || st.ZonesFlushed != 0 || st.Bundles != 1 {
		t.Errorf("status %+v", st)
	}
	if l := log.String(); !strings.Contains(l, "does not flush conntrack zones") {
		t.Errorf("nobody is told that zones are not flushed: %s", l)
	}
}

// A switch that reads nothing for long is given up, with the reason.
func TestSwitchThatIsStuck(t *testing.T) {
	var connections atomic.Int32
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	target := fakeSwitch(t, func(nc net.Conn) {
		if n := connections.Add(1); n > 2 { // of the first two, one is for packets
			obey(nc, func() {})
			return
		}
		count := 0
		obey(nc, func() {
			if count++; count > 12 { // when it has been read back
				<-done
			}
		})
	})
	var log logBuffer
	c := start(t, Config{Target: target, Log: log.logger(), Stall: 50 * time.Millisecond, Echo: time.Hour, Audit: time.Hour, BackoffMin: time.Millisecond})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{{Owner: "a", Flows: manyFlows(20000)}}})
	waitStatus(t, c, func(s Status) bool { return s.Synced && s.Installed == 20000 && s.Disconnects > 0 })
	if l := log.String(); !strings.Contains(l, "has not read for 50ms") {
		t.Errorf("given up for another reason: %s", l)
	}
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// What does not fit a message is refused, the rest is installed, and its owner
// is told.
func TestTooLarge(t *testing.T) {
	target := fakeSwitch(t, func(nc net.Conn) { obey(nc, func() {}) })
	told := make(chan string, 10)
	c := start(t, Config{Target: target, Log: discard(), Refused: func(r Refusal) {
		told <- fmt.Sprintf("%s of %s: %v", r.Kind, r.Owner, errors.Is(r.Err, ErrTooLarge))
	}})
	long := acts(func(b *ofp.ActionBuilder) {
		for range 8200 {
			b.Resubmit(1)
		}
	})
	c.Update(Update{Gen: 1, Complete: true, Flows: []OwnerFlows{
		{Owner: "unit/x", Flows: []Flow{{Table: 1, Actions: long}}},
		{Owner: "unit/y", Flows: manyFlows(10), Groups: []Group{{1, ofp.GroupBody("\x00\x00\xff\xff" + long)}}},
		{Owner: "unit/z", Meters: []Meter{{1, ofp.NewMeterBody(ofp.MeterPktps, make([]ofp.MeterBand, 4096)...)}}},
	}})
	installedGen(t, c, 1)
	expect := func(all ...string) {
		t.Helper()
		for _, want := range all {
			select {
			case got := <-told:
				if got != want {
					t.Errorf("told %q, want %q", got, want)
				}
			default:
				t.Errorf("not told: %s", want)
			}
		}
	}
	expect("meter of unit/z: true", "group of unit/y: true", "flow of unit/x: true")
	st := c.Status()
	if len(st.Refused) != 3 || st.Installed != 10 {
		t.Errorf("status %+v", st)
	}
	for _, r := range st.Refused {
		if s := r.String(); len(s) > 600 || !strings.Contains(s, r.Owner) {
			t.Errorf("refusal is told as %q", s)
		}
	}
	c.Update(Update{Gen: 2, Flows: []OwnerFlows{
		{Owner: "unit/x", Flows: []Flow{{Table: 1, Actions: out(1)}}},
		{Owner: "unit/y", Flows: manyFlows(10)},
		{Owner: "unit/z", Meters: []Meter{{1, ofp.NewMeterBody(ofp.MeterPktps, ofp.MeterBand{Rate: 1})}}},
	}})
	installedGen(t, c, 2)
	expect("group of unit/y: false", "meter of unit/z: false", "flow of unit/x: false")
	if st := c.Status(); len(st.Refused) != 0 || st.Installed != 11 {
		t.Errorf("status %+v", st)
	}
}
