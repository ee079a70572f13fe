package ofp_test

import (
	"encoding/hex"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// ofpPrint has ovs-ofctl print a message.
func ofpPrint(t *testing.T, msg []byte) string {
	t.Helper()
	if _, err := exec.LookPath("ovs-ofctl"); err != nil {
		t.Skip("ovs-ofctl is not installed")
	}
	out, err := exec.Command("ovs-ofctl", "ofp-print", hex.EncodeToString(msg), "2").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func actions(fn func(b *ofp.ActionBuilder)) ofp.Actions {
	var b ofp.ActionBuilder
	fn(&b)
	return b.Actions()
}

func match(fn func(b *ofp.MatchBuilder)) ofp.Match {
	var b ofp.MatchBuilder
	fn(&b)
	return b.Match()
}

// Every message that we encode, ovs-ofctl understands as it is meant.
func TestMessages(t *testing.T) {
	group := ofp.GroupSpec{Type: ofp.GroupSelect, Select: "dp_hash", Bucket: []ofp.Bucket{{ID: 3, Weight: 100, Actions: actions(func(b *ofp.ActionBuilder) { b.Output(1) })}}}
	body, err := group.Body()
	if err != nil {
		t.Fatal(err)
	}
	added, err := (&ofp.GroupSpec{Type: ofp.GroupSelect, Bucket: group.Bucket}).Body()
	if err != nil {
		t.Fatal(err)
	}
	in := match(func(b *ofp.MatchBuilder) { b.Set(ofp.InPort, uint64(ofp.PortController)); b.Set(ofp.Reg(3), 7) })
	resubmit := actions(func(b *ofp.ActionBuilder) { b.Resubmit(8) })
	ip := netip.MustParseAddr
	bundled, at := ofp.BeginBundleAdd(nil, 9, 4)
	bundled = ofp.EndBundleAdd(ofp.AppendFlowMod(bundled, 9, &ofp.FlowMod{Table: 3, Priority: 5, Actions: resubmit}), at)
	for _, tc := range []struct {
		msg  []byte
		want string
	}{
		{ofp.AppendHello(nil, 9), "OFPT_HELLO (OF1.5) (xid=0x9): version bitmap: 0x06"},
		{ofp.AppendEcho(nil, ofp.TypeEchoReply, 9, []byte("abc")), "OFPT_ECHO_REPLY (OF1.5) (xid=0x9): 3 bytes of payload"},
		{ofp.AppendEmpty(nil, ofp.TypeBarrierRequest, 9), "OFPT_BARRIER_REQUEST (OF1.5) (xid=0x9):"},
		{ofp.AppendEmpty(nil, ofp.TypeFeaturesRequest, 9), "OFPT_FEATURES_REQUEST (OF1.5) (xid=0x9):"},
		{ofp.AppendSetConfig(nil, 9, ofp.SwitchConfig{MissSendLen: 128}), "OFPT_SET_CONFIG (OF1.5) (xid=0x9): frags=normal miss_send_len=128"},
		{ofp.AppendRole(nil, 9, ofp.RoleMaster, 5), "OFPT_ROLE_REQUEST (OF1.5) (xid=0x9): role=primary generation_id=5"},
		{ofp.AppendSetControllerID(nil, 9, 77), "NXT_SET_CONTROLLER_ID (OF1.5) (xid=0x9): id=77"},
		{ofp.AppendPacketIn2Format(nil, 9), "NXT_SET_PACKET_IN_FORMAT (OF1.5) (xid=0x9): format=nxt_packet_in2"},
		{ofp.AppendSetAsync(nil, 9, ofp.Async{PacketIn: 2, PortStatus: 7, RequestForward: ofp.AllForwards}), "OFPT_SET_ASYNC (OF1.5) (xid=0x9): primary: PACKET_IN: action PORT_STATUS: add delete modify FLOW_REMOVED: (off)"},
		{ofp.AppendTLVTableMod(nil, 9, ofp.TLVAdd, []ofp.TLVMap{{Class: 0x102, Type: 0x80, Len: 4}}), "NXT_TLV_TABLE_MOD (OF1.5) (xid=0x9): ADD mapping table: class type length match field ------ ---- ------ -------------- 0x102 0x80 4 tun_metadata0"},
		{ofp.AppendTLVTableRequest(nil, 9), "NXT_TLV_TABLE_REQUEST (OF1.5) (xid=0x9):"},
		{ofp.AppendCTFlushZone(nil, 9, 12), "NXT_CT_FLUSH_ZONE (OF1.5) (xid=0x9): zone_id=12"},
		{ofp.AppendCTFlush(nil, 9, &ofp.CTFlush{Zone: 5}), "NXT_CT_FLUSH (OF1.5) (xid=0x9): zone=5"},
		{ofp.AppendCTFlush(nil, 9, &ofp.CTFlush{AnyZone: true, Proto: 17, Orig: ofp.CTTuple{Src: ip("10.1.1.1"), Dst: ip("10.1.1.2"), SrcPort: 2, DstPort: 1}}), "NXT_CT_FLUSH (OF1.5) (xid=0x9): zone=0 'ct_nw_src=10.1.1.1,ct_nw_dst=10.1.1.2,ct_tp_src=2,ct_tp_dst=1,ct_nw_proto=17'"},
		{ofp.AppendCTFlush(nil, 9, &ofp.CTFlush{Zone: 7, Proto: 6, Reply: ofp.CTTuple{Src: ip("10.1.1.1"), DstPort: 80}}), "NXT_CT_FLUSH (OF1.5) (xid=0x9): zone=7 'ct_nw_src=::,ct_nw_dst=::,ct_tp_src=0,ct_tp_dst=0,ct_nw_proto=6' 'ct_nw_src=10.1.1.1,ct_nw_dst=::,ct_tp_src=0,ct_tp_dst=80'"},
		{ofp.AppendCTFlush(nil, 9, &ofp.CTFlush{Zone: 7, Proto: 58, Orig: ofp.CTTuple{Dst: ip("fc::1"), ICMP: true, ID: 3, Type: 128, Code: 0}}), "NXT_CT_FLUSH (OF1.5) (xid=0x9): zone=7 'ct_ipv6_src=::,ct_ipv6_dst=fc::1,icmp_id=3,icmp_type=128,icmp_code=0,ct_nw_proto=58'"},
		{ofp.AppendFlowMod(nil, 9, &ofp.FlowMod{Table: 3, Priority: 5, Cookie: 6, Match: in, Actions: resubmit}), "OFPT_FLOW_MOD (OF1.5) (xid=0x9): ADD table:3 priority=5,reg3=0x7,in_port=CONTROLLER cookie:0x6 actions=resubmit(,8)"},
		{ofp.AppendFlowMod(nil, 9, &ofp.FlowMod{Command: ofp.FlowDeleteStrict, Table: 3, Priority: 5}), "OFPT_FLOW_MOD (OF1.5) (xid=0x9): DEL_STRICT table:3 priority=5 actions=drop"},
		{ofp.AppendBundleControl(nil, 9, 4, ofp.BundleCommit), "OFPT_BUNDLE_CONTROL (OF1.5) (xid=0x9): bundle_id=0x4 type=COMMIT_REQUEST flags=atomic ordered"},
		{bundled, "OFPT_BUNDLE_ADD_MESSAGE (OF1.5) (xid=0x9): bundle_id=0x4 flags=atomic ordered OFPT_FLOW_MOD (OF1.5) (xid=0x9): ADD table:3 priority=5 actions=resubmit(,8)"},
		{ofp.AppendGroupMod(nil, 9, ofp.GroupCmdAdd, 5, body), "OFPT_GROUP_MOD (OF1.5) (xid=0x9): ADD group_id=5,type=select,selection_method=dp_hash,bucket=bucket_id:3,weight:100,actions=output:1"},
		{ofp.AppendGroupMod(nil, 9, ofp.GroupCmdDelete, 5, ""), "OFPT_GROUP_MOD (OF1.5) (xid=0x9): DEL group_id=5,type=all"},
		{ofp.AppendInsertBuckets(nil, 9, 5, added), "OFPT_GROUP_MOD (OF1.5) (xid=0x9): INSERT_BUCKET command_bucket_id:last,group_id=5,bucket=bucket_id:3,weight:100,actions=output:1"},
		{ofp.AppendRemoveBucket(nil, 9, 5, ofp.GroupSelect, 3), "OFPT_GROUP_MOD (OF1.5) (xid=0x9): REMOVE_BUCKET command_bucket_id:3,group_id=5"},
		{ofp.AppendMeterMod(nil, 9, ofp.MeterCmdAdd, 4, ofp.NewMeterBody(ofp.MeterKbps|ofp.MeterBurst, ofp.MeterBand{Rate: 10, Burst: 20})), "OFPT_METER_MOD (OF1.5) (xid=0x9): ADD meter=4 kbps burst bands= type=drop rate=10 burst_size=20"},
		{ofp.AppendFlowDescRequest(nil, 9, ofp.AllTables), "OFPST_FLOW request (OF1.5) (xid=0x9):"},
		{ofp.AppendGroupDescRequest(nil, 9), "OFPST_GROUP_DESC request (OF1.5) (xid=0x9): group_id=ALL"},
		{ofp.AppendMeterDescRequest(nil, 9), "OFPST_METER_CONFIG request (OF1.5) (xid=0x9): meter=all"},
		{ofp.AppendPortDescRequest(nil, 9), "OFPST_PORT_DESC request (OF1.5) (xid=0x9): port=ANY"},
		{ofp.AppendPacketOut(nil, 9, &ofp.PacketOut{Fields: in, Actions: resubmit, Packet: make([]byte, 60)}), "OFPT_PACKET_OUT (OF1.5) (xid=0x9): reg3=0x7,in_port=CONTROLLER actions=resubmit(,8) data_len=60"},
		{ofp.AppendFlowMonitorRequest(nil, 9, 5, ofp.AllTables), "OFPST_FLOW_MONITOR request (OF1.5) (xid=0x9):"},
	} {
		got := ofpPrint(t, tc.msg)
		if !strings.HasPrefix(strings.Join(strings.Fields(got), " "), tc.want) {
			t.Errorf("%x\n   got %s\n  want %s", tc.msg, got, tc.want)
		}
	}
}

// All errors have the names that Open vSwitch gives them, but for those that it
// calls by the names of older versions.
func TestErrorNames(t *testing.T) {
	older := map[string]string{
		"OFPBRC_BAD_STAT": "OFPBRC_BAD_MULTIPART", "OFPBRC_BAD_VENDOR": "OFPBRC_BAD_EXPERIMENTER",
		"OFPBRC_BAD_SUBTYPE": "OFPBRC_BAD_EXP_TYPE", "OFPBRC_IS_SECONDARY": "OFPBRC_IS_SLAVE",
		"OFPBAC_BAD_VENDOR": "OFPBAC_BAD_EXPERIMENTER", "OFPBAC_BAD_VENDOR_TYPE": "OFPBAC_BAD_EXP_TYPE",
	}
	var stream []byte
	var errs []*ofp.Error
	add := func(b ...byte) {
		msg := append([]byte{6, 1, 0, byte(8 + len(b)), 0, 0, 0, 1}, b...)
		e, err := ofp.ParseError(msg)
		if err != nil {
			t.Fatal(err)
		}
		stream, errs = append(stream, msg...), append(errs, e)
	}
	for typ := range byte(19) {
		for code := range byte(30) {
			add(0, typ, 0, code)
		}
	}
	for code := range byte(60) {
		add(0xff, 0xff, 0, code, 0, 0, 0x23, 0x20)
	}
	theirs := ofpParse(t, stream)
	if len(theirs) != len(errs) {
		t.Fatalf("%d messages of %d", len(theirs), len(errs))
	}
	known := 0
	for i, e := range errs {
		_, name, _ := strings.Cut(theirs[i], "(xid=0x1): ")
		if strings.Contains(name, "***") {
			continue // not known to it
		}
		known++
		if o, ok := older[name]; ok {
			name = o
		}
		if e.Name() != name {
			t.Errorf("type %d code %d is %s, want %s", e.Type, e.Code, e.Name(), name)
		}
	}
	if known < 150 {
		t.Errorf("Open vSwitch knows %d errors only", known)
	}
}

// ofpParse has ovs-ofctl print a stream of messages; it returns the first line
// of each.
func ofpParse(t *testing.T, stream []byte) (lines []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stream")
	if err := os.WriteFile(path, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ovs-ofctl", "ofp-parse", path).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for l := range strings.Lines(string(out)) {
		if strings.HasPrefix(l, "OFPT_ERROR") {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}

// Every field's name and header is what ovs-ofctl makes of it.
func TestFieldsAgree(t *testing.T) {
	number := regexp.MustCompile(`set_field:\S+->(\w+)`)
	for i := range ofp.NumFields {
		f := ofp.Field(i)
		switch f {
		case ofp.InPort, ofp.PacketType, ofp.ConjID, ofp.DPHash, ofp.RecircID, ofp.ActsetOutput, ofp.CTState, ofp.CTZone, ofp.EthType, ofp.IPProto,
			ofp.IPFrag, ofp.TCPFlags, ofp.MPLSBOS, ofp.CTMark, ofp.CTLabel, ofp.CTProto, ofp.CTTPSrc, ofp.CTTPDst, ofp.CTIPv4Src, ofp.CTIPv4Dst, ofp.CTIPv6Src, ofp.CTIPv6Dst:
			continue // cannot be set outside ct; the tests on a switch match them
		}
		v := ofp.U64(1)
		switch f {
		case ofp.VLANVID:
			v = ofp.U64(0x1001)
		case ofp.IPTOS:
			v = ofp.U64(4)
		}
		a := actions(func(b *ofp.ActionBuilder) { b.SetField(f, v) })
		got := ofpPrint(t, ofp.AppendPacketOut(nil, 9, &ofp.PacketOut{Fields: match(func(b *ofp.MatchBuilder) { b.Set(ofp.InPort, 1) }), Actions: a, Packet: make([]byte, 14)}))
		m := number.FindStringSubmatch(got)
		if m == nil || m[1] != f.Name() {
			t.Errorf("%s: ovs-ofctl says %s", f, got)
		}
		if g, ok := ofp.FieldByName(f.Name()); !ok || g != f && f != ofp.InPort16 {
			t.Errorf("name %s is field %v", f.Name(), g)
		}
	}
}
