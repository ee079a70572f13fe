package ovsdb

import (
	"bytes"
	"encoding/json"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/store"
)

// convert is ovsdb-server(7) section 4.1.19. The schema comes with the server and
// never changes: to have the one that there is is agreed to, another is refused,
// also where a stock server would find something wrong inside its tables.
func (s *session) convert(msg *message) error {
	args := msg.args()
	d, err := s.database(msg, args)
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return syntaxError(msg.params, "array expected")
	}
	o := parseObject(args[1], "database schema")
	name, version := o.required("name", `"`), o.member("version", `"`)
	o.member("cksum", `"`)
	tables := o.required("tables", "{")
	if err := o.finish(); err != nil {
		return err
	}
	db := d.src.schema()
	if text, _ := stringOf(name); text != db.Name {
		return store.Errorf("invalid parameters", "new schema name (%s) does not match database name (%s)", text, db.Name)
	}
	if !sameSchema(db, version, tables) {
		return store.Errorf("not supported", "the schema cannot be converted: it comes with the server")
	}
	s.out.reply(appendReply(nil, msg.id, []byte("{}")))
	return nil
}

// sameSchema tells whether a schema's version and tables are those of db.
func sameSchema(db *schema.Database, version, tables json.RawMessage) bool {
	var has struct{ Version, Tables json.RawMessage }
	if err := json.Unmarshal(db.OVSSchema(), &has); err != nil {
		panic(err) // it was written here
	}
	return version != nil && bytes.Equal(schema.CanonicalJSON(version), schema.CanonicalJSON(has.Version)) &&
		bytes.Equal(schema.CanonicalJSON(tables), schema.CanonicalJSON(has.Tables))
}
