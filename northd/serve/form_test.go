package serve

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/proto"
	"github.com/weft-sdn/weft/proto/admin"
	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestNewerForm: a northd does not serve what a later build has stored, says so,
// and stands for leader when it is another's no more.
func TestNewerForm(t *testing.T) {
	s := startEtcd(t)
	start(t, s, "one").stop()
	key := nbPrefix + schema.FormPath
	r, err := s.Client.Get(t.Context(), key)
	if err != nil || len(r.Kvs) != 1 {
		t.Fatalf("the form is %v, %v", r, err)
	}
	if f, err := schema.ParseForm(key, r.Kvs[0].Value); err != nil || f.Form != schema.CurrentForm || f.From != 0 {
		t.Errorf("the form is %+v, %v", f, err)
	}
	newer := schema.Form{Form: schema.CurrentForm + 1, By: "v9"}.Encode()
	if _, err := s.Client.Put(t.Context(), key, string(newer)); err != nil {
		t.Fatal(err)
	}
	d, ready := launch(t, s, "two")
	conn, err := admin.Dial("unix:" + d.path("admin"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	d.eventually("the refusal in the status", func() bool {
		st, err := proto.NewAdminClient(conn).Status(t.Context(), &proto.StatusRequest{})
		if err != nil {
			return false
		}
		for _, p := range st.Parts {
			if p.Name == "form" && p.State == proto.State_STATE_FAILED && strings.Contains(p.Reason, "v9") {
				return st.State == proto.State_STATE_FAILED
			}
		}
		return false
	})
	select {
	case <-ready:
		t.Fatal("it serves")
	default:
	}
	if _, err := s.Client.Put(t.Context(), key, string(r.Kvs[0].Value)); err != nil {
		t.Fatal(err)
	}
	<-ready
}

// TestUnitsOfForm2: units of flows that lie by themselves are served as they are, and
// the leader puts them into buckets, where they are the same rows.
func TestUnitsOfForm2(t *testing.T) {
	s := startEtcd(t)
	one := start(t, s, "one")
	args := []string{"--wait=sb", "ls-add", "sw"}
	for i := range 30 {
		name := fmt.Sprint("p", i)
		args = append(args, "--", "lsp-add", "sw", name, "--", "lsp-set-addresses", name, fmt.Sprintf("40:44:00:00:00:%02x 10.0.0.%d", i, i+1))
	}
	one.must("nb", args...)
	flows := func(d *daemon) string {
		return d.must("sb", "--bare", "--no-headings", "--columns=_uuid,match,actions", "list", "Logical_Flow")
	}
	sorted := func(text string) string {
		rows := strings.Split(text, "\n\n")
		slices.Sort(rows)
		return strings.Join(rows, "\n")
	}
	want := sorted(flows(one))
	one.stop()

	stored := func() map[string]string {
		r, err := s.Client.Get(t.Context(), sb.Prefix+sb.FlowsPath, clientv3.WithPrefix())
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for _, kv := range r.Kvs {
			m[string(kv.Key)] = string(kv.Value)
		}
		return m
	}
	buckets, units := stored(), 0
	for key, value := range buckets {
		if _, err := s.Client.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		dir, place := path.Split(key)
		err := sb.EachUnit(place, []byte(value), func(name string, chunk []byte) {
			units++
			if _, err := s.Client.Put(t.Context(), dir+name, string(chunk)); err != nil {
				t.Fatal(err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if units < 30 || len(buckets) > 12 {
		t.Errorf("%d units lie in %d buckets", units, len(buckets))
	}
	if _, err := s.Client.Put(t.Context(), sb.Prefix+schema.FormPath, string(schema.Form{Form: 2}.Encode())); err != nil {
		t.Fatal(err)
	}
	two := start(t, s, "two")
	if got := sorted(flows(two)); got != want {
		t.Errorf("flows are\n%s\nwant\n%s", got, want)
	}
	if got := stored(); !maps.Equal(got, buckets) {
		t.Errorf("carried forward are %d keys, want %d", len(got), len(buckets))
	}
	two.well()
}
