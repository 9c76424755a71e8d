using System.Text.Json;

namespace AltruistManager.Simulator;

/// <summary>The methods that a simulated node answers, by number, so that counting them costs nothing.</summary>
internal static class RpcMethods
{
    public const int ChainId = 0;
    public const int BlockNumber = 1;
    public const int GetBlockByNumber = 2;
    public const int Syncing = 3;
    public const int NetVersion = 4;
    public const int ClientVersion = 5;

    private static readonly string[] Names =
        ["eth_chainId", "eth_blockNumber", "eth_getBlockByNumber", "eth_syncing", "net_version", "web3_clientVersion"];

    public static int Count => Names.Length;

    /// <returns>-1 for a method that is not known.</returns>
    public static int IndexOf(string name) => Array.IndexOf(Names, name);

    /// <returns>-1 for a method that is not known.</returns>
    public static int IndexOf(JsonElement name) => Array.FindIndex(Names, candidate => name.ValueEquals(candidate));
}
