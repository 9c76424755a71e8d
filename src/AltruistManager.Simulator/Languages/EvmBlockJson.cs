using System.Text.Json;

namespace AltruistManager.Simulator.Languages;

/// <summary>Writes a block as an Ethereum node does, with the hashes of its transactions.</summary>
internal static class EvmBlockJson
{
    private const string EmptyUncles = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";

    private static readonly string NoBloom = "0x" + new string('0', 512);

    public static byte[] Write(SimulatedChain chain, DateTimeOffset time, BlockKey key, int parentSalt)
    {
        using var buffer = new MemoryStream(2048 + (chain.TransactionsPerBlock * 70));
        using (var json = new Utf8JsonWriter(buffer))
        {
            Span<byte> hash = stackalloc byte[32];
            json.WriteStartObject();
            json.WriteString("number", Hex(key.Height));
            chain.Hash(key.Height, key.Salt, key.Branch, hash);
            WriteBytes(json, "hash", hash);
            var seed = BitConverter.ToUInt64(hash);
            if (key.Height == 0)
                hash.Clear();
            else
                chain.Hash(key.Height - 1, parentSalt, key.ParentBranch, hash);
            WriteBytes(json, "parentHash", hash);
            json.WriteString("nonce", "0x0000000000000000");
            json.WriteString("sha3Uncles", EmptyUncles);
            json.WriteString("logsBloom", NoBloom);
            WriteBytes(json, "transactionsRoot", Next(ref seed, hash));
            WriteBytes(json, "stateRoot", Next(ref seed, hash));
            WriteBytes(json, "receiptsRoot", Next(ref seed, hash));
            WriteBytes(json, "miner", Next(ref seed, hash)[..20]);
            json.WriteString("difficulty", "0x0");
            json.WriteString("totalDifficulty", "0x0");
            json.WriteString("extraData", "0x");
            json.WriteString("size", Hex(600 + (chain.TransactionsPerBlock * 120L)));
            json.WriteString("gasLimit", "0x1c9c380");
            json.WriteString("gasUsed", Hex(21_000L * chain.TransactionsPerBlock));
            json.WriteString("timestamp", Hex(Math.Max(0, time.ToUnixTimeSeconds())));
            json.WriteString("baseFeePerGas", "0x3b9aca00");
            WriteBytes(json, "mixHash", Next(ref seed, hash));
            json.WriteStartArray("transactions");
            for (var index = 0; index < chain.TransactionsPerBlock; index++)
                json.WriteStringValue("0x" + Convert.ToHexStringLower(Next(ref seed, hash)));
            json.WriteEndArray();
            json.WriteStartArray("uncles");
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }

    public static string Hex(long value) => "0x" + value.ToString("x");

    private static void WriteBytes(Utf8JsonWriter json, string name, ReadOnlySpan<byte> bytes) =>
        json.WriteString(name, "0x" + Convert.ToHexStringLower(bytes));

    /// <summary>Bytes that look drawn at random (SplitMix64); these fields are for shape and size only.</summary>
    private static Span<byte> Next(ref ulong state, Span<byte> bytes)
    {
        for (var index = 0; index < bytes.Length; index += sizeof(ulong))
        {
            state += 0x9e3779b97f4a7c15;
            var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
            BitConverter.TryWriteBytes(bytes[index..], mixed ^ (mixed >> 31));
        }

        return bytes;
    }
}
