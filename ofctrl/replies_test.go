package ofctrl

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// What the switch answers is decoded.
func TestReplies(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1", "p2")
	s := plainSession(t, sw)
	// ask sends a message and returns the body of the answer of a type.
	ask := func(typ ofp.Type, put func(xid uint32)) []byte {
		t.Helper()
		var body []byte
		err := s.request(func(h ofp.Header, msg []byte) error {
			if h.Type == typ {
				body = bytes.Clone(msg[8:])
			}
			return nil
		}, put)
		if err != nil || body == nil {
			t.Fatalf("no %s (error %v)", typ, err)
		}
		return body
	}
	f, err := ofp.ParseFeatures(ask(ofp.TypeFeaturesReply, func(x uint32) { s.buf = ofp.AppendEmpty(s.buf, ofp.TypeFeaturesRequest, x) }))
	if want := strings.Trim(sw.Vsctl("get", "bridge", ovstest.Bridge, "datapath_id"), `"`); err != nil || fmt.Sprintf("%016x", f.DatapathID) != want || f.Tables != 254 {
		t.Errorf("features %+v, want datapath %s (error %v)", f, want, err)
	}
	conf := ofp.SwitchConfig{MissSendLen: 77}
	s.buf = ofp.AppendSetConfig(s.buf, 1000, conf)
	c, err := ofp.ParseConfig(ask(ofp.TypeGetConfigReply, func(x uint32) { s.buf = ofp.AppendEmpty(s.buf, ofp.TypeGetConfigRequest, x) }))
	if err != nil || c != conf {
		t.Errorf("config %+v, want %+v (error %v)", c, conf, err)
	}
	role, gen, err := ofp.ParseRole(ask(ofp.TypeRoleReply, func(x uint32) { s.buf = ofp.AppendRole(s.buf, x, ofp.RoleMaster, 5) }))
	if err != nil || role != ofp.RoleMaster || gen != 5 {
		t.Errorf("role %d generation %d (error %v)", role, gen, err)
	}
	id, typ, err := ofp.ParseBundleControl(ask(ofp.TypeBundleControl, func(x uint32) { s.buf = ofp.AppendBundleControl(s.buf, x, 7, ofp.BundleOpen) }))
	if err != nil || id != 7 || typ != ofp.BundleOpenReply {
		t.Errorf("bundle %d, type %d (error %v)", id, typ, err)
	}
	maps := []ofp.TLVMap{{Class: 0x102, Type: 0x80, Len: 4}, {Class: 0xffff, Type: 1, Len: 8, Index: 63}}
	if err := s.tlvMod(ofp.TLVAdd, maps); err != nil {
		t.Fatal(err)
	}
	got, err := s.tlvTable()
	if err != nil || len(got) != 2 || got[0] == got[1] || got[0] != maps[0] && got[0] != maps[1] {
		t.Errorf("TLV maps %v, want %v (error %v)", got, maps, err)
	}
	var fault *ofp.Error
	err = s.request(nil, func(x uint32) {
		s.buf = ofp.AppendMeterMod(s.buf, x, ofp.MeterCmdModify, 9, ofp.NewMeterBody(ofp.MeterPktps))
	})
	if !errors.As(err, &fault) || fault.Name() != "OFPMMFC_UNKNOWN_METER" || len(fault.Data) == 0 {
		t.Errorf("error %v with data %x", err, fault.Data)
	}
	s.c.cfg.PortStatus = func(p ofp.PortStatus) {
		if want := sw.Vsctl("get", "interface", p.Port.Name, "ofport"); fmt.Sprint(int32(p.Port.No)) != want && p.Port.No != ofp.PortLocal {
			t.Errorf("port %+v, want number %s", p.Port, want)
		}
	}
	_, _, ports, err := ofp.ParseMultipart(ask(ofp.TypeMultipartReply, func(x uint32) { s.buf = ofp.AppendPortDescRequest(s.buf, x) }))
	if err = errors.Join(err, s.readPorts(ports)); err != nil {
		t.Error(err)
	}
}

// Flows that go are told with what they were.
func TestFlowRemoved(t *testing.T) {
	sw := ovstest.StartBridge(t)
	s := plainSession(t, sw)
	s.buf = ofp.AppendSetConfig(s.buf, 100, ofp.SwitchConfig{MissSendLen: 0xffff})
	s.buf = ofp.AppendSetAsync(s.buf, 101, ofp.Async{FlowRemoved: 1 << ofp.RemovedDelete})
	if err := s.request(nil, func(uint32) {}); err != nil {
		t.Fatal(err)
	}
	sw.Ofctl("add-flow", "table=7,priority=9,cookie=0x55,send_flow_rem,reg0=3,actions=drop")
	sw.DeleteFlows(7)
	var gone *ofp.FlowRemoved
	s.sink = func(h ofp.Header, msg []byte) error {
		if h.Type != ofp.TypeFlowRemoved {
			return nil
		}
		r, err := ofp.ParseFlowRemoved(msg[8:])
		gone = &r
		return err
	}
	if err := s.await(func() bool { return gone != nil }); err != nil {
		t.Fatal(err)
	}
	m, err := ofp.DecodeMatch(gone.OXM)
	if err != nil || m != regMatch(3) || gone.Table != 7 || gone.Priority != 9 || gone.Cookie != 0x55 || gone.Reason != ofp.RemovedDelete || gone.Stats.Duration == 0 {
		t.Errorf("gone is %+v, match %s (error %v)", gone, m, err)
	}
}

// Single connections are forgotten by their tuple, in a zone or in all.
func TestCTFlush(t *testing.T) {
	sw := ovstest.StartBridge(t, "p1", "p2")
	s := plainSession(t, sw)
	sw.Ofctl("add-flow", "udp,actions=ct(commit,zone=7),ct(commit,zone=8),output:2")
	packet := func(port int) {
		sw.Appctl("netdev-dummy/receive", "p1", fmt.Sprintf("in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=%d,dst=53)", port))
	}
	packet(1001)
	packet(1002)
	left := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	sw.Eventually("connections", func() bool { return strings.Count(left(), "zone=") == 4 })
	ip := netip.MustParseAddr
	for _, step := range []struct {
		flush ofp.CTFlush
		left  int
	}{
		{ofp.CTFlush{Zone: 7, Proto: 17, Orig: ofp.CTTuple{Src: ip("10.0.0.9")}}, 4},
		{ofp.CTFlush{Zone: 7, Proto: 17, Orig: ofp.CTTuple{Src: ip("10.0.0.1"), Dst: ip("10.0.0.2"), SrcPort: 1001, DstPort: 53}}, 3},
		{ofp.CTFlush{Zone: 8, Proto: 17, Reply: ofp.CTTuple{Src: ip("10.0.0.2"), DstPort: 1002}}, 2},
		{ofp.CTFlush{AnyZone: true, Proto: 17, Orig: ofp.CTTuple{SrcPort: 1002}}, 1},
		{ofp.CTFlush{Zone: 8}, 0},
	} {
		if err := s.request(nil, func(x uint32) { s.buf = ofp.AppendCTFlush(s.buf, x, &step.flush) }); err != nil {
			t.Errorf("%+v: %v", step.flush, err)
		}
		if l := left(); strings.Count(l, "zone=") != step.left {
			t.Errorf("after %+v are left, want %d:\n%s", step.flush, step.left, l)
		}
	}
}
