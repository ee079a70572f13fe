package conntrack

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

func TestParseEntry(t *testing.T) {
	a1, a2, b1 := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("fd00::1")
	for line, want := range map[string]entry{
		"tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=1,dport=2),reply=(src=10.0.0.2,dst=10.0.0.1,sport=2,dport=1),zone=3,mark=64,labels=0x5000100000000000000000000,protoinfo=(state=ESTABLISHED)": {
			6, ofp.CTTuple{Src: a1, Dst: a2, SrcPort: 1, DstPort: 2}, ofp.CTTuple{Src: a2, Dst: a1, SrcPort: 2, DstPort: 1}, 3, 64, label{3: 5, 5: 1}},
		"icmp,orig=(src=10.0.0.1,dst=10.0.0.2,id=7,type=8,code=0),reply=(src=10.0.0.2,dst=10.0.0.1,id=7,type=0,code=0),zone=8,mark=64,labels=0x00000009000600000000000000000000": {
			1, ofp.CTTuple{Src: a1, Dst: a2, ICMP: true, ID: 7, Type: 8}, ofp.CTTuple{Src: a2, Dst: a1, ICMP: true, ID: 7}, 8, 64, label{3: 9, 5: 6}},
		"udp,orig=(src=fd00::1,dst=fd00::1,sport=8,dport=53),reply=(src=fd00::1,dst=fd00::1,sport=53,dport=8),id=12,timeout=30": {
			17, ofp.CTTuple{Src: b1, Dst: b1, SrcPort: 8, DstPort: 53}, ofp.CTTuple{Src: b1, Dst: b1, SrcPort: 53, DstPort: 8}, 0, 0, label{}},
		"47,orig=(src=10.0.0.1,dst=10.0.0.2,sport=0,dport=0),zone=1": {47, ofp.CTTuple{Src: a1, Dst: a2}, ofp.CTTuple{}, 1, 0, label{}},
	} {
		if got, ok := parseEntry(line); !ok || got != want {
			t.Errorf("%s: %+v, %v", line, got, ok)
		}
	}
	for _, line := range []string{"", "tcp", "tcp,zone=3", "what,orig=(src=10.0.0.1,dst=10.0.0.2)", "tcp,orig=(src=10.0.0.1,dst=10.0.0),zone=3",
		"tcp,orig=(src=10.0.0.1,dst=10.0.0.2,sport=70000)", "tcp,orig=(src=10.0.0.1,dst=10.0.0.2),labels=0x" + strings.Repeat("1", 33), "tcp,orig=(src=10.0.0.1,dst=10.0.0.2),zone=x"} {
		if e, ok := parseEntry(line); ok {
			t.Errorf("%s: %+v", line, e)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	long := strings.Repeat("x", 3*maxText)
	for _, c := range []struct {
		text string
		want []string
		err  string
	}{
		{`{"id":1,"result":"a\nb=\"\\\u0041\"\n","error":null}`, []string{"a", `b="\?"`}, ""},
		{"{\"error\" : null,\n \"result\":\"no end\", \"id\":1}", []string{"no end"}, ""},
		{`{"id":0,"error":"ovs-vswitchd: no\n","result":null}`, nil, "ovs-vswitchd: no"},
		{`{"result":"` + long + `\nend","id":0,"error":null}`, []string{long[:maxText], "end"}, ""},
		{`{"result":"a\n`, []string{"a"}, "unexpected EOF"},
		{`["a"]`, nil, errNoAnswer.Error()},
		{`{"result":{}}`, nil, errNoAnswer.Error()},
		{`{"result":"a" "b"}`, []string{"a"}, errNoAnswer.Error()},
		{`{"a":"\`, nil, "EOF"},
		{``, nil, "unexpected EOF"},
	} {
		var got []string
		err := readAnswer(bufio.NewReader(strings.NewReader(c.text)), func(s string) { got = append(got, s) })
		if !slices.Equal(got, c.want) || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%.60s: %.60q, %v", c.text, got, err)
		}
	}
}

// vswitchd is an ovs-vswitchd with flows that commit connections.
func vswitchd(t *testing.T) (sw *ovstest.Switch, runDir string) {
	sw = ovstest.StartBridge(t, "p1", "p2")
	runDir = t.TempDir()
	pid := fmt.Sprint(sw.Pid())
	if err := os.WriteFile(filepath.Join(runDir, "ovs-vswitchd.pid"), []byte(pid+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(sw.Dir, "vs.ctl"), filepath.Join(runDir, "ovs-vswitchd."+pid+".ctl")); err != nil {
		t.Fatal(err)
	}
	const five, six = "0x0000000700050000000000000000000f", "0x00000005000600000000000000000005"
	const hop = "0x0000000000000200000000aa00000000"
	for i, commit := range []string{
		"zone=7,exec(set_field:0x40->ct_mark,set_field:" + five + "->ct_label)", // the one that is meant
		"zone=7,exec(set_field:0x40->ct_mark,set_field:" + six + "->ct_label)",
		"zone=9,exec(set_field:0x40->ct_mark,set_field:" + five + "->ct_label)",
		"zone=7,exec(set_field:0x81->ct_mark,set_field:" + five + "->ct_label)",
		"zone=9,exec(set_field:0x20000->ct_mark,set_field:" + hop + "->ct_label)", // of a next hop
		"zone=7,exec(set_field:0x20000->ct_mark,set_field:" + hop + "->ct_label)",
	} {
		sw.Ofctl("add-flow", fmt.Sprintf("udp,tp_dst=%d,actions=ct(commit,%s),2", 10+i, commit))
		sw.Ofctl("add-flow", fmt.Sprintf("icmp,nw_dst=10.0.0.%d,actions=ct(commit,%s),2", 10+i, commit))
		sw.Ofctl("add-flow", fmt.Sprintf("icmp6,ipv6_dst=fd00::%d,actions=ct(commit,%s),2", 10+i, commit))
	}
	return sw, runDir
}

// TestFlush: of connections in all zones, with all labels and marks, those end that
// are meant, and no others. Those of ICMPv6 stay: this datapath cannot end them one by one.
func TestFlush(t *testing.T) {
	sw, runDir := vswitchd(t)
	head := "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),"
	for i := range 6 {
		for port := range 3 {
			sw.Appctl("netdev-dummy/receive", "p1", head+fmt.Sprintf("eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=%d,dst=%d)", port+1, 10+i))
		}
		sw.Appctl("netdev-dummy/receive", "p1", head+fmt.Sprintf("eth_type(0x0800),ipv4(src=10.0.0.1,dst=10.0.0.%d,proto=1,tos=0,ttl=64,frag=no),icmp(type=8,code=0)", 10+i))
		sw.Appctl("netdev-dummy/receive", "p1", head+fmt.Sprintf("eth_type(0x86dd),ipv6(src=fd00::1,dst=fd00::%d,label=0,proto=58,tclass=0,hlimit=64,frag=no),icmpv6(type=128,code=0)", 10+i))
	}
	left := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	sw.Eventually("connections", func() bool { return strings.Count(left(), "\n") == 30 })
	f := Flush{RunDir: runDir, Target: sw.Mgmt(), Datapath: "dummy", Of: map[End]bool{{ACL: 5}: true, {Zone: 9, MAC: [6]byte{2, 5: 0xaa}}: true}, Zones: map[uint16]bool{7: true, 8: true}}
	n, err := f.Do(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("found %d", n)
	for _, c := range []struct {
		part string
		want int
	}{{"dport=10", 0}, {"dst=10.0.0.10,", 0}, {"dport=11", 3}, {"dst=10.0.0.11,", 1}, {"dport=12", 3}, {"dport=13", 3}, {"dst=10.0.0.13,", 1}, {"dport=14", 0}, {"dst=10.0.0.14,", 0}, {"dport=15", 3}, {"type=128,", 6}} {
		got := 0
		for line := range strings.SplitSeq(left(), "\n") {
			orig, _, _ := strings.Cut(line, "reply=")
			if strings.Contains(strings.ReplaceAll(orig, ")", ","), c.part) {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%d connections with %s, want %d of\n%s", got, c.part, c.want, left())
		}
	}
	if n, err := f.Do(t.Context()); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v", n, err)
	}
	f.Datapath = "netdev"
	if _, err := f.Do(t.Context()); err == nil {
		t.Error("a datapath that is not there has connections")
	}
	sw.KillVswitchd()
	if _, err := f.Do(t.Context()); err == nil {
		t.Error("a switch that is gone ends connections")
	}
}

// TestByLabel: a switch that finds connections by label is told the labels, and
// asked for nothing else.
func TestByLabel(t *testing.T) {
	runDir := t.TempDir()
	if err := os.WriteFile(filepath.Join(runDir, "ovs-vswitchd.pid"), []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(runDir, "ovs-vswitchd.1.ctl"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan string, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 1000)
			n, _ := c.Read(b)
			asked <- string(b[:n])
			_, _ = c.Write([]byte(`{"id":0,"result":"","error":null}`))
			c.Close()
		}
	}()
	f := Flush{RunDir: runDir, Of: map[End]bool{{ACL: 0x7a5}: true}}
	if n, err := f.Do(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	want := `{"id":0,"method":"dpctl/flush-conntrack","params":["mark=0x40/0x40","labels=0x07a500000000000000000000/0xffff00000000000000000000"]}`
	if got := <-asked; got != want || len(asked) > 0 {
		t.Errorf("asked %s", got)
	}
	f.Of = map[End]bool{{Zone: 9, MAC: [6]byte{2, 5: 0xaa}}: true}
	if n, err := f.Do(t.Context()); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	want = `{"id":0,"method":"dpctl/flush-conntrack","params":["zone=9","labels=0x0200000000aa00000000/0xffffffffffff00000000"]}`
	if got := <-asked; got != want || len(asked) > 0 {
		t.Errorf("asked %s", got)
	}
}

// control starts a switch with a bridge whose control socket is where that of
// ovs-vswitchd is looked for.
func control(t *testing.T) (sw *ovstest.Switch, runDir string) {
	t.Helper()
	sw = ovstest.StartBridge(t, "p1", "p2")
	runDir = t.TempDir()
	pid := fmt.Sprint(sw.Pid())
	if err := os.WriteFile(filepath.Join(runDir, "ovs-vswitchd.pid"), []byte(pid+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(sw.Dir, "vs.ctl"), filepath.Join(runDir, "ovs-vswitchd."+pid+".ctl")); err != nil {
		t.Fatal(err)
	}
	return sw, runDir
}

// TestFlushTranslated: connections that have a translation end in its zone, and those
// of others, of other zones and without one go on.
func TestFlushTranslated(t *testing.T) {
	sw, runDir := control(t)
	for i, nat := range []string{"zone=7,nat(dst=10.0.0.2)", "zone=7,nat(dst=10.0.0.3)", "zone=8,nat(dst=10.0.0.2)", "zone=7",
		"zone=7,nat(src=172.16.0.9)", "zone=7,nat(src=172.16.0.8)", "zone=8,nat(src=172.16.0.9)"} {
		sw.Ofctl("add-flow", fmt.Sprintf("udp,tp_dst=%d,actions=ct(commit,%s),2", 10+i, nat))
	}
	for i := range 7 {
		for _, src := range []string{"10.0.1.1", "10.0.2.1"} {
			sw.Appctl("netdev-dummy/receive", "p1", "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),ipv4(src="+src+
				",dst=172.16.0.1,proto=17,tos=0,ttl=64,frag=no),udp(src=5,dst="+fmt.Sprint(10+i)+")")
		}
	}
	left := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	sw.Eventually("connections", func() bool { return strings.Count(left(), "\n") == 14 })
	outside, inside := netip.MustParseAddr("172.16.0.1"), netip.MustParsePrefix("10.0.0.2/32")
	f := Flush{RunDir: runDir, Target: sw.Mgmt(), Datapath: "dummy", Of: map[End]bool{
		{Zone: 7, NAT: NAT{Outside: outside, Inside: inside}}:                                                                       true,
		{Zone: 7, NAT: NAT{Source: true, Outside: netip.MustParseAddr("172.16.0.9"), Inside: netip.MustParsePrefix("10.0.1.0/24")}}: true,
	}}
	if n, err := f.Do(t.Context()); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for i, want := range []int{0, 2, 2, 2, 1, 2, 2} {
		got := 0
		for line := range strings.SplitSeq(left(), "\n") {
			orig, _, _ := strings.Cut(line, "reply=")
			if strings.Contains(orig, fmt.Sprintf("dport=%d)", 10+i)) {
				got++
			}
		}
		if got != want {
			t.Errorf("%d connections to port %d, want %d of\n%s", got, 10+i, want, left())
		}
	}
}

// TestFlushBalanced: connections that were given a backend end in all zones of this
// chassis; those of other backends, ports, zones, and those that nobody balanced go on.
func TestFlushBalanced(t *testing.T) {
	sw, runDir := control(t)
	for i, ct := range []string{"zone=7,nat(dst=10.0.0.2:80),exec(set_field:2/2->ct_mark)", "zone=8,nat(dst=10.0.0.2:80),exec(set_field:2/2->ct_mark)",
		"zone=9,nat(dst=10.0.0.2:80),exec(set_field:2/2->ct_mark)", "zone=7,nat(dst=10.0.0.3:80),exec(set_field:2/2->ct_mark)",
		"zone=7,nat(dst=10.0.0.2:81),exec(set_field:2/2->ct_mark)", "zone=7,nat(dst=10.0.0.2:80)"} {
		sw.Ofctl("add-flow", fmt.Sprintf("udp,tp_src=%d,actions=ct(commit,%s),2", 10+i, ct))
		sw.Appctl("netdev-dummy/receive", "p1", "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),"+
			"ipv4(src=10.0.1.1,dst=10.9.0.1,proto=17,tos=0,ttl=64,frag=no),udp(src="+fmt.Sprint(10+i)+",dst=53)")
	}
	left := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	sw.Eventually("connections", func() bool { return strings.Count(left(), "\n") == 6 })
	f := Flush{RunDir: runDir, Target: sw.Mgmt(), Datapath: "dummy", Zones: map[uint16]bool{7: true, 8: true}, Of: map[End]bool{
		{Balanced: Balanced{Proto: 17, VIP: netip.MustParseAddrPort("10.9.0.1:53"), Backend: netip.MustParseAddrPort("10.0.0.2:80")}}: true}}
	if n, err := f.Do(t.Context()); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for i := range 6 {
		if got, want := strings.Contains(left(), fmt.Sprintf("sport=%d,", 10+i)), i > 1; got != want {
			t.Errorf("connection from port %d is there: %v, want %v in\n%s", 10+i, got, want, left())
		}
	}
}

// TestFlushBalancedSCTP: connections of SCTP, of which the switch may not know the ports, end
// with their backend.
func TestFlushBalancedSCTP(t *testing.T) {
	sw, runDir := control(t)
	for i, backend := range []string{"10.0.0.2", "10.0.0.3"} {
		sw.Ofctl("add-flow", fmt.Sprintf("sctp,nw_src=10.0.1.%d,actions=ct(commit,zone=7,nat(dst=%s),exec(set_field:2/2->ct_mark)),2", i+1, backend))
		sw.Appctl("netdev-dummy/receive", "p1", "in_port(1),eth(src=02:00:00:00:00:01,dst=02:00:00:00:00:02),eth_type(0x0800),"+
			fmt.Sprintf("ipv4(src=10.0.1.%d,dst=10.9.0.1,proto=132,tos=0,ttl=64,frag=no),sctp(src=9,dst=80)", i+1))
	}
	left := func() string { return sw.Appctl("dpctl/dump-conntrack") }
	sw.Eventually("connections", func() bool { return strings.Count(left(), "\n") == 2 })
	f := Flush{RunDir: runDir, Target: sw.Mgmt(), Datapath: "dummy", Zones: map[uint16]bool{7: true}, Of: map[End]bool{
		{Balanced: Balanced{Proto: 132, VIP: netip.MustParseAddrPort("10.9.0.1:80"), Backend: netip.MustParseAddrPort("10.0.0.2:80")}}: true}}
	if n, err := f.Do(t.Context()); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := left(); strings.Contains(got, "10.0.0.2") || !strings.Contains(got, "10.0.0.3") {
		t.Errorf("left:\n%s", got)
	}
}
