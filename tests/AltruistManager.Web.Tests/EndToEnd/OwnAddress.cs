using System.Net;
using System.Security.Cryptography;

namespace AltruistManager.Web.Tests.EndToEnd;

/// <summary>Loopback addresses that nobody else on the machine uses: a port there stays free for whoever comes back to it, and no stranger connects to it.</summary>
internal static class OwnAddress
{
    public static IPAddress Draw() =>
        new([127, (byte)RandomNumberGenerator.GetInt32(100, 250), (byte)RandomNumberGenerator.GetInt32(1, 250), (byte)RandomNumberGenerator.GetInt32(1, 250)]);
}
