package store

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store/etcd"
)

func TestMain(m *testing.M) {
	if os.Getenv("STORE_CRASH_DIR") != "" {
		crashChild()
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// The tests' own schema: a column of each sort, references of each sort.

type Root struct {
	schema.Header `ovs:"Root,root,index=name,index=i+s"`

	Name   string            `ovs:"name"`
	I      int64             `ovs:"i,range=0:1000000"`
	S      string            `ovs:"s"`
	R      float64           `ovs:"r"`
	B      bool              `ovs:"b"`
	U      schema.UUID       `ovs:"u"`
	En     *string           `ovs:"en,enum=a|b"`
	Opt    *int64            `ovs:"opt"`
	Ints   []int64           `ovs:"ints"`
	Reals  []float64         `ovs:"reals"`
	M      map[string]string `ovs:"m"`
	Mi     map[string]int64  `ovs:"mi,members"`
	Kids   []schema.UUID     `ovs:"kids,strong=Kid,members"`
	Weak   []schema.UUID     `ovs:"weak,weak=Root,members"`
	Friend *schema.UUID      `ovs:"friend,strong=Root"`
	Eph    string            `ovs:"eph,ephemeral"`
}

type Kid struct {
	schema.Header `ovs:"Kid"`

	Name string       `ovs:"name"`
	Next *schema.UUID `ovs:"next,strong=Kid"`
	Home *schema.UUID `ovs:"home,weak=Root"`
}

type Need struct {
	schema.Header `ovs:"Need,root"`

	N []schema.UUID `ovs:"n,weak=Root,min=1"`
}

type One struct {
	schema.Header `ovs:"One,root,maxrows=1"`

	X int64 `ovs:"x,range=1:9"`
}

type Wmap struct {
	schema.Header `ovs:"Wmap,root"`

	P map[string]schema.UUID `ovs:"p,weakV=Root"`
}

func testSchema() *schema.Database {
	return schema.NewDatabase("T", "1.0.0", "", (*Root)(nil), (*Kid)(nil), (*Need)(nil), (*One)(nil), (*Wmap)(nil))
}

func testEtcd(t testing.TB) *clientv3.Client {
	t.Helper()
	s, err := etcd.Start(context.Background(), etcd.Options{Dir: t.TempDir(), NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s.Client
}

func embeddedLimits() Limits {
	l := etcd.EmbeddedLimits()
	return Limits{TxnOps: l.TxnOps, RequestBytes: l.RequestBytes}
}

func testConfig(c *clientv3.Client) Config {
	cfg := Config{Schema: testSchema(), Client: c, Prefix: "/weft/t/", Limits: embeddedLimits()}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return cfg
}

func openDB(t testing.TB, cfg Config) *DB {
	t.Helper()
	db, err := Open(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// transact runs the JSON text of operations, separated by commas, and returns
// the results as text.
func transact(db *DB, ops string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	results, _ := db.Transact(ctx, Client{Name: "test"}, rawOps(ops))
	return text(results)
}

func rawOps(ops string) []json.RawMessage {
	var list []json.RawMessage
	if err := json.Unmarshal([]byte("["+ops+"]"), &list); err != nil {
		panic(fmt.Sprintf("%s: %v", ops, err))
	}
	return list
}

func text(results []json.RawMessage) string {
	return string(schema.EncodeJSON(results))
}

func keyValue(key, value string) *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), ModRevision: 7}
}

// uuidBucket is the value of a bucket of UUIDs.
func uuidBucket(ids ...string) string {
	value := "\x01"
	for _, text := range ids {
		id := mustUUID(text)
		value += string(id[:])
	}
	return value
}

// showBucket writes the value of a bucket of UUIDs as "uuids …", which readBucket reads;
// others stay as they are.
func showBucket(value string) string {
	if !strings.HasPrefix(value, "\x01") {
		return value
	}
	out := "uuids"
	for value = value[1:]; value != ""; value = value[16:] {
		out += " " + schema.UUID([]byte(value[:16])).String()
	}
	return out
}

func readBucket(text string) string {
	if list, ok := strings.CutPrefix(text, "uuids"); ok {
		return uuidBucket(strings.Fields(list)...)
	}
	return text
}
