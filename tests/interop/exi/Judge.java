import com.siemens.ct.exi.core.CodingMode;
import com.siemens.ct.exi.core.EXIFactory;
import com.siemens.ct.exi.core.FidelityOptions;
import com.siemens.ct.exi.core.grammars.Grammars;
import com.siemens.ct.exi.core.helpers.DefaultEXIFactory;
import com.siemens.ct.exi.main.api.sax.EXIResult;
import com.siemens.ct.exi.main.api.sax.EXISource;
import com.siemens.ct.exi.main.cmd.EXICodec;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import javax.xml.parsers.SAXParserFactory;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.sax.SAXSource;
import javax.xml.transform.stream.StreamResult;
import org.xml.sax.InputSource;
import org.xml.sax.XMLReader;

/**
 * The EXI codec inside the jar of the `iso15118` wheel, without the JSON around it: XML to EXI and back, a line each.
 *
 * A line is `E` or `D` (encode, decode), the name of a grammar class, `document` or `fragment`, and XML or hexadecimal
 * digits, separated by tabs. The answer is a line: the other of the two, or `!` and what went wrong. `T` decodes some
 * times and answers the nanoseconds of the fastest; `P` does so as the package does it, to its JSON, for -2 only.
 */
public final class Judge {
    private static final String PACKAGE = "com.siemens.ct.exi.main.generatedgrammar.";
    private final Map<String, EXIFactory> factories = new HashMap<>();
    private final SAXParserFactory parsers = SAXParserFactory.newInstance();
    private static final String MESSAGES_OF_2 = "urn:iso:15118:2:2013:MsgDef";
    private final EXICodec packaged = new EXICodec();
    private final TransformerFactory transformers = TransformerFactory.newInstance();

    private Judge() {
        parsers.setNamespaceAware(true);
    }

    public static void main(String[] arguments) throws Exception {
        Judge judge = new Judge();
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] parts = line.split("\t", 4);
            try {
                out.println(judge.answer(parts[0], parts[1], parts[2].equals("fragment"), parts[3]));
            } catch (Exception error) {
                out.println("!" + error.toString().replace('\n', ' '));
            }
        }
    }

    private String answer(String action, String grammar, boolean fragment, String payload) throws Exception {
        EXIFactory factory = factory(grammar, fragment);
        if (action.equals("E")) {
            return HexFormat.of().formatHex(encode(factory, payload));
        }
        byte[] octets = HexFormat.of().parseHex(payload);
        if (action.equals("D")) {
            return decode(factory, octets);
        }
        long best = Long.MAX_VALUE;
        int rounds = action.equals("T") ? 25 : 5;
        for (int round = 0; round < rounds; round++) {
            long start = System.nanoTime();
            if (action.equals("T")) {
                decode(factory, octets);
            } else {
                packaged.decode(octets, MESSAGES_OF_2);
            }
            best = Math.min(best, System.nanoTime() - start);
        }
        return Long.toString(best);
    }

    private EXIFactory factory(String grammar, boolean fragment) throws Exception {
        String key = grammar + fragment;
        if (!factories.containsKey(key)) {
            EXIFactory factory = DefaultEXIFactory.newInstance();
            factory.setGrammars((Grammars) Class.forName(PACKAGE + grammar).getDeclaredConstructor().newInstance());
            factory.setFidelityOptions(FidelityOptions.createDefault());
            factory.setCodingMode(CodingMode.BIT_PACKED);
            factory.setFragment(fragment);
            factory.setValuePartitionCapacity(0);
            factories.put(key, factory);
        }
        return factories.get(key);
    }

    private byte[] encode(EXIFactory factory, String xml) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EXIResult result = new EXIResult(factory);
        result.setOutputStream(out);
        XMLReader reader = parsers.newSAXParser().getXMLReader();
        reader.setContentHandler(result.getHandler());
        reader.parse(new InputSource(new StringReader(xml)));
        return out.toByteArray();
    }

    private String decode(EXIFactory factory, byte[] octets) throws Exception {
        SAXSource source = new EXISource(factory);
        source.setInputSource(new InputSource(new ByteArrayInputStream(octets)));
        StringWriter out = new StringWriter();
        Transformer transformer = transformers.newTransformer();
        transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
        transformer.transform(source, new StreamResult(out));
        return out.toString().replace("\n", "&#10;").replace("\r", "&#13;");
    }
}
