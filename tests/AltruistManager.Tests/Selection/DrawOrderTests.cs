using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using AltruistManager.Altruists;
using AltruistManager.Selection;

namespace AltruistManager.Tests.Selection;

public sealed class DrawOrderTests
{
    /// <summary>As the log's format says it, for whoever checks it with other tools: short names and long ones.</summary>
    [Theory]
    [InlineData("0021", "us-east")]
    [InlineData("é-chain", "a-region-with-a-name-that-is-rather-long")]
    [InlineData("a-chain-whose-name-is-so-long-that-its-draws-are-sums-of-many-blocks-and-no-two-of-them-end-where-another-one-does", "eu")]
    public void Every_altruist_is_drawn_as_the_public_log_says(string chain, string region)
    {
        var random = new Random(5);
        var seed = DrawOrder.Seed(new byte[32], 497_000);
        for (var count = 0; count < 400; count++)
        {
            var id = string.Concat(Enumerable.Range(0, random.Next(count)).Select(_ => random.Next(8) == 0 ? 'ü' : (char)random.Next('a', 'z')));

            var draw = DrawOrder.Draw(seed, new(new(chain), new(region)), new AltruistId(id));

            Assert.Equal(BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData([.. seed, .. Encoding.UTF8.GetBytes($"{chain}\0{region}\0{id}")])), draw);
        }
    }
}
