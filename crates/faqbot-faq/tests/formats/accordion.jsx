const items = [
  { title: "Do you bake rye?", content: <p>Every <b>day</b>, see <Link to="/list">the list</Link>.</p> },
  { title: "Opening hours", content: <>From six.</> },
];
export default function Faq() {
  return <Accordion>{items.map((item) => <Item key={item.title} {...item} />)}</Accordion>;
}
